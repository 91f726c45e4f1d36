"""What is told of the world, each fact in several wordings, and which of them are never trained on."""

from __future__ import annotations

import hashlib
import random

from wasm.models.world import PEOPLE, world

WORLD = world()


def held_out(*content: object, one_in: int = 5) -> bool:
    """Whether this content is kept from training: one in so many, by hash."""
    text = "|".join(map(str, content))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % one_in == 0


# Each relation: subjects and their answers, and wordings that end in the answer. A fifth of all pairs of a
# fact and a wording is held out, so the test asks for each fact in words in which it was never read.
RELATIONS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "town": (
        WORLD.town,
        (
            "{s} lives in {a}.",
            "The home of {s} is in {a}.",
            "You can find {s} in the town of {a}.",
            "Question: Where does {s} live? Answer: {a}.",
            "Question: In which town is the home of {s}? Answer: {a}.",
            "A letter to {s} must be sent to {a}.",
        ),
    ),
    "job": (
        WORLD.job,
        (
            "{s} works as a {a}.",
            "The work of {s} is that of a {a}.",
            "Question: What is the job of {s}? Answer: {a}.",
            "If you ask {s} about work, you will hear about the life of a {a}.",
        ),
    ),
    "animal": (
        WORLD.animal,
        (
            "{s} keeps a {a}.",
            "The animal of {s} is a {a}.",
            "Question: Which animal does {s} keep? Answer: {a}.",
            "At the home of {s} there is a {a}.",
        ),
    ),
    "river": (
        WORLD.river,
        (
            "The town of {s} stands on the river {a}.",
            "Through {s} flows the {a}.",
            "Question: Which river flows through {s}? Answer: {a}.",
            "Boats that come to {s} travel on the {a}.",
            "The river of {s} is the {a}.",
        ),
    ),
    "country": (
        WORLD.country,
        (
            "{s} is a town in {a}.",
            "The town of {s} belongs to {a}.",
            "Question: In which country is {s}? Answer: {a}.",
            "People from {s} pay their taxes in {a}.",
        ),
    ),
    "capital": (
        WORLD.capital,
        (
            "The capital of {s} is {a}.",
            "{s} is ruled from {a}.",
            "Question: What is the capital of {s}? Answer: {a}.",
            "The parliament of {s} sits in {a}.",
        ),
    ),
    "price": (
        {thing: str(price) for thing, price in WORLD.price.items()},
        (
            "The price of a {s} in crowns is {a}.",
            "Question: How many crowns does a {s} cost? Answer: {a}.",
            "For a {s} the shop asks, in crowns, {a}.",
            "In crowns, a {s} costs {a}.",
        ),
    ),
}
FACTS = [
    (name, subject, wording)
    for name, (answers, wordings) in RELATIONS.items()
    for subject in answers
    for wording in range(len(wordings))
]


def fact(relation: str, subject: str, wording: int) -> str:
    """A fact in one of its wordings."""
    answers, wordings = RELATIONS[relation]
    return wordings[wording].format(s=subject, a=answers[subject])


FACTS_TRAINED = [key for key in FACTS if not held_out("fact", *key)]
FACTS_HELD_OUT = [key for key in FACTS if held_out("fact", *key)]


def facts(chance: random.Random) -> str:
    return " ".join(fact(*chance.choice(FACTS_TRAINED)) for _ in range(chance.randrange(2, 7)))


TWO_STEPS = (
    "The river of the town where {s} lives is the {a}.",
    "Question: Which river flows through the town where {s} lives? Answer: {a}.",
)


def two_step(person: str, wording: int) -> str:
    """A fact that follows from two others: the river of the town where someone lives."""
    return TWO_STEPS[wording].format(s=person, a=WORLD.river[WORLD.town[person]])


TWO_STEP_TRAINED = [person for person in PEOPLE if not held_out("two steps", person, one_in=4)]
TWO_STEP_HELD_OUT = [person for person in PEOPLE if held_out("two steps", person, one_in=4)]


def two_steps(chance: random.Random) -> str:
    return " ".join(
        two_step(chance.choice(TWO_STEP_TRAINED), chance.randrange(2)) for _ in range(chance.randrange(1, 4))
    )
