"""A small world with known truth: who lives where, on which river, under which capital, and what things cost.

Everything follows from one seed, so that for each fact it is known whether a model can have read it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

PEOPLE = [
    "Ada",
    "Amir",
    "Anna",
    "Arjun",
    "Bea",
    "Ben",
    "Carl",
    "Chen",
    "Clara",
    "Dario",
    "Dina",
    "Ella",
    "Emil",
    "Eva",
    "Farid",
    "Finn",
    "Fiona",
    "Gita",
    "Hana",
    "Hugo",
    "Ida",
    "Igor",
    "Ines",
    "Ivan",
    "Jack",
    "Jana",
    "John",
    "Jonas",
    "Kaya",
    "Kim",
    "Lara",
    "Leo",
    "Lena",
    "Lina",
    "Luis",
    "Luka",
    "Mara",
    "Mary",
    "Max",
    "Mia",
    "Milo",
    "Mira",
    "Nadia",
    "Nina",
    "Noah",
    "Nora",
    "Olga",
    "Omar",
    "Otto",
    "Paul",
    "Pia",
    "Rana",
    "Rosa",
    "Ruth",
    "Sam",
    "Sara",
    "Sofia",
    "Tara",
    "Theo",
    "Tim",
    "Tom",
    "Uma",
    "Vera",
    "Viktor",
    "Yara",
    "Yusuf",
    "Zara",
    "Zoe",
]
TOWNS = [
    "Alder",
    "Barrow",
    "Brask",
    "Calden",
    "Corvo",
    "Dalby",
    "Dunmere",
    "Elster",
    "Farrow",
    "Fenwick",
    "Galt",
    "Harrow",
    "Istra",
    "Kelso",
    "Lorne",
    "Marlow",
    "Norden",
    "Ostia",
    "Pella",
    "Quill",
    "Ravel",
    "Selby",
    "Tolm",
    "Umber",
    "Vance",
    "Weldon",
    "Yarrow",
    "Zell",
]
RIVERS = ["Arve", "Brill", "Cam", "Dorn", "Elm", "Fal", "Isel", "Lune", "Mose", "Tarn", "Ure", "Wye"]
COUNTRIES = ["Veland", "Morava", "Estria", "Kaldia", "Norland", "Savia", "Tarsus", "Lyria"]
JOBS = [
    "baker",
    "painter",
    "doctor",
    "teacher",
    "farmer",
    "singer",
    "pilot",
    "potter",
    "nurse",
    "sailor",
    "writer",
    "builder",
    "cook",
    "gardener",
    "miller",
    "tailor",
    "driver",
    "hunter",
    "weaver",
    "clerk",
]
GOODS = [
    "lamp",
    "chair",
    "kettle",
    "clock",
    "basket",
    "ladder",
    "blanket",
    "mirror",
    "candle",
    "hammer",
    "drum",
    "kite",
    "saddle",
    "bottle",
    "rope",
    "flute",
    "spoon",
    "carpet",
    "bucket",
    "violin",
    "book",
    "map",
    "coat",
    "ring",
]
ANIMALS = ["dog", "cat", "horse", "goat", "hen", "fox", "wolf", "mouse", "duck", "cow", "sheep", "rabbit"]
COLOURS = ["red", "blue", "green", "black", "white", "yellow", "brown", "grey", "purple", "orange"]
PLACES = [
    "market",
    "school",
    "station",
    "garden",
    "library",
    "harbour",
    "mill",
    "bridge",
    "square",
    "church",
    "park",
    "shop",
]


@dataclass(frozen=True)
class World:
    """The facts: each person's town, job, animal; each town's river and country; capitals; prices in crowns."""

    town: dict[str, str]
    job: dict[str, str]
    animal: dict[str, str]
    river: dict[str, str]
    country: dict[str, str]
    capital: dict[str, str]
    price: dict[str, int]


def world(seed: int = 7) -> World:
    """The world of a seed."""
    chance = random.Random(seed)
    country = {town: COUNTRIES[i % len(COUNTRIES)] for i, town in enumerate(chance.sample(TOWNS, len(TOWNS)))}
    return World(
        town={person: chance.choice(TOWNS) for person in PEOPLE},
        job={person: chance.choice(JOBS) for person in PEOPLE},
        animal={person: chance.choice(ANIMALS) for person in PEOPLE},
        river={town: chance.choice(RIVERS) for town in TOWNS},
        country=country,
        capital={
            name: chance.choice(sorted(town for town in TOWNS if country[town] == name)) for name in COUNTRIES
        },
        price={thing: chance.randrange(3, 99) for thing in GOODS},
    )
