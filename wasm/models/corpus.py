"""The training text, generated from the world, with a held-out part that is held out by construction.

A document is a few sentences of one kind. What must not be trained on is decided by a hash of its content
(a pair of names, a sum, a fact in a certain wording), so that no order of generation can leak it. `KINDS`
maps each kind to its share of the documents' tokens and its generator.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from wasm.models.facts import WORLD, facts, held_out, two_steps
from wasm.models.world import ANIMALS, COLOURS, GOODS, JOBS, PEOPLE, PLACES, TOWNS

PROSE = Path(__file__).parent / "prose.txt"


# --- what must be read in the context ---------------------------------------------------------------------

GIFTS = (
    "When {a} and {b} went to the {p}, {b} gave a {g} to {a}.",
    "After {a} and {b} met at the {p}, {b} handed a {g} to {a}.",
    "{a} and {b} had a long talk at the {p}, and then {b} passed a {g} to {a}.",
    "While {a} and {b} were walking to the {p}, {b} offered a {g} to {a}.",
)
GIFTS_TURNED = (
    "When {b} and {a} went to the {p}, {b} gave a {g} to {a}.",
    "After {b} and {a} met at the {p}, {b} handed a {g} to {a}.",
    "{b} and {a} had a long talk at the {p}, and then {b} passed a {g} to {a}.",
    "While {b} and {a} were walking to the {p}, {b} offered a {g} to {a}.",
)


def gift(a: str, b: str, place: str, thing: str, wording: int, turned: bool) -> str:
    """Two people at a place; b gives a thing to a. The last name can only be known from the first clause."""
    return (GIFTS_TURNED if turned else GIFTS)[wording].format(a=a, b=b, p=place, g=thing)


def pair(chance: random.Random, unseen: bool = False) -> tuple[str, str]:
    """Two people whose pair is trained on, or is not."""
    while True:
        a, b = chance.sample(PEOPLE, 2)
        if held_out("pair", *sorted((a, b))) == unseen:
            return a, b


def gifts(chance: random.Random) -> str:
    return " ".join(
        gift(
            *pair(chance),
            chance.choice(PLACES),
            chance.choice(GOODS),
            chance.randrange(4),
            chance.random() < 0.5,
        )
        for _ in range(chance.randrange(1, 4))
    )


def code(chance: random.Random) -> str:
    return "".join(chance.choice("0123456789") for _ in range(3))


def needle(chance: random.Random, sentences: int, depth: float, unseen: bool = False) -> tuple[str, str]:
    """A passage with one number hidden in it, and the question for it: text up to the answer, and the answer.

    `depth` is 0 where the number comes first and 1 where it comes last. One in five pairs of a box and its
    number is never trained on.
    """
    while True:
        box, number = (
            f"{chance.choice(COLOURS)} {chance.choice(['box', 'door', 'safe', 'chest'])}",
            code(chance),
        )
        if held_out("needle", box, number) == unseen:
            break
    lines = [line(chance) for _ in range(sentences)]
    lines.insert(round(depth * len(lines)), f"The number of the {box} is {number}.")
    return f"{' '.join(lines)} Question: What is the number of the {box}? Answer:", f" {number}."


def needles(chance: random.Random) -> str:
    return "".join(needle(chance, chance.choice((0, 1, 2, 3, 4, 6, 8, 10, 12, 14)), chance.random()))


def repeats(chance: random.Random) -> str:
    """A list of words that comes twice, in the same order."""
    words = chance.sample(GOODS + ANIMALS + COLOURS + PEOPLE, chance.randrange(4, 12))
    said = ", ".join(words)
    return f"List: {said}. Again: {said}."


# --- sums and records -------------------------------------------------------------------------------------


def total(a: int, b: int) -> tuple[str, str]:
    """A sum with its scratch work, the ones first: what is asked, and what follows."""
    names = ("Ones", "Tens", "Hundreds", "Thousands")
    width = max(len(str(a)), len(str(b)))
    carry, work = 0, ""
    for place in range(width):
        x, y = a // 10**place % 10, b // 10**place % 10
        said = f"{x} + {y}" + (f" + {carry}" if place else "")
        work += f" {names[place]}: {said} = {x + y + carry}."
        carry = (x + y + carry) // 10
    return f"Sum: {a} + {b}.", f"{work} Answer: {a + b}."


def sums(chance: random.Random) -> str:
    made: list[str] = []
    for _ in range(chance.randrange(1, 4)):
        while True:
            low, high = (0, 10) if chance.random() < 0.08 else (10, 100)
            a, b = chance.randrange(low, high), chance.randrange(low, high)
            if high == 10 or not held_out("sum", a, b):
                break
        made.append("".join(total(a, b)))
    return " ".join(made)


RECORDS = (
    "{name} is {age} years old, works as a {job} and lives in {town}.",
    "In {town} lives {name}, a {job} of {age} years.",
    "The {job} {name}, aged {age}, comes from {town}.",
)


def record(chance: random.Random, unseen: bool = False) -> tuple[str, str]:
    """A person in a sentence, not one of the world's facts, and the same as JSON."""
    while True:
        fields = {
            "name": chance.choice(PEOPLE),
            "age": chance.randrange(18, 90),
            "job": chance.choice(JOBS),
            "town": chance.choice(TOWNS),
        }
        if held_out("record", *fields.values()) == unseen:
            break
    return f"Text: {chance.choice(RECORDS).format(**fields)}\nJSON:", f" {json.dumps(fields)}"


def records(chance: random.Random) -> str:
    return "\n".join("".join(record(chance)) for _ in range(chance.randrange(1, 3)))


# --- prose and code ---------------------------------------------------------------------------------------

TONES: dict[str, dict[str, tuple[str, ...]]] = {
    "glad": {
        "felt": ("happy", "cheerful", "proud", "full of joy"),
        "sky": ("the sun was shining", "the sky was bright and clear", "the birds were singing"),
        "did": ("laughed", "smiled", "danced", "sang a song"),
        "end": (
            "It was the best day of the year.",
            "Everyone was happy in the end.",
            "They laughed all the way home.",
        ),
    },
    "sad": {
        "felt": ("sad", "lonely", "tired", "full of sorrow"),
        "sky": ("it was raining", "the sky was grey and heavy", "a cold wind was blowing"),
        "did": ("cried", "sighed", "said nothing", "wept for a long time"),
        "end": (
            "It was the saddest day of the year.",
            "Nobody spoke that evening.",
            "They walked home in silence.",
        ),
    },
    "angry": {
        "felt": ("angry", "furious", "bitter", "full of rage"),
        "sky": ("a storm was coming", "thunder rolled over the hills", "the air was hot and still"),
        "did": ("shouted", "slammed the door", "stamped the ground", "threw a stone"),
        "end": ("They never spoke again.", "The quarrel lasted for years.", "Nobody said sorry."),
    },
    "afraid": {
        "felt": ("afraid", "nervous", "pale with fear", "full of dread"),
        "sky": ("it was a dark night", "fog lay over the fields", "the moon was hidden"),
        "did": ("trembled", "whispered", "hid behind a wall", "ran away"),
        "end": (
            "They locked the door and waited.",
            "Nobody slept that night.",
            "They never went back there.",
        ),
    },
}


def line(chance: random.Random) -> str:
    """One plain sentence of everyday life, of no tone."""
    a, b = pair(chance)
    form = chance.choice(
        (
            "{a} went to the {p} to buy a {g}.",
            "In the morning {a} and {b} cleaned the {p}.",
            "The {c} {n} sat near the {p} and looked at {a}.",
            "{a} told {b} that the {g} was old.",
            "Every week a {j} brought a {c} {g} to the {p}.",
            "There was a {c} {g} on the table, next to a {g2}.",
            "The road to the {p} was long, but {a} knew the way.",
            "{b} painted the {g} {c} and gave the {n} some water.",
            "Nobody at the {p} had seen the {n} of the {j}.",
            "Later that day the {j} closed the {p} and went home.",
        )
    )
    return form.format(
        a=a,
        b=b,
        p=chance.choice(PLACES),
        g=chance.choice(GOODS),
        g2=chance.choice(GOODS),
        c=chance.choice(COLOURS),
        n=chance.choice(ANIMALS),
        j=chance.choice(JOBS),
    )


def story(chance: random.Random) -> str:
    """A short story in one of four tones, which may be named at its head."""
    tone = chance.choice(list(TONES))
    words = {key: lambda key=key: chance.choice(TONES[tone][key]) for key in TONES[tone]}
    a, b = pair(chance)
    place, thing, animal, colour = (chance.choice(x) for x in (PLACES, GOODS, ANIMALS, COLOURS))
    opening = chance.choice(
        (
            f"One day {a} went to the {place} with a {colour} {animal}.",
            f"Long ago there was a {WORLD.job[a]} called {a}, who had a {colour} {thing}.",
            f"{a} and {b} were friends, and they often met at the {place}.",
            f"On a winter morning {a} could not find the {colour} {thing}.",
        )
    )
    middle = [
        f"On that day {words['sky']()}, and {a} felt {words['felt']()}.",
        f"At the {place} {a} met {b}, who {words['did']()}.",
        f"“Where is my {thing}?” asked {a}. “The {animal} has it,” said {b}.",
        f"Then {a} {words['did']()}, because the {thing} was {chance.choice(('lost', 'broken', 'found', 'gone', 'new'))}.",
        f"The {animal} was {words['felt']()} too.",
        f"{b} was {words['felt']()} and {words['did']()}.",
        f"A {chance.choice(JOBS)} who came from the {chance.choice(PLACES)} looked at the {thing} and {words['did']()}.",
        line(chance),
    ]
    picked = sorted(chance.sample(range(len(middle)), chance.randrange(3, 7)))
    head = f"Tone: {tone}.\n" if chance.random() < 0.6 else ""
    return head + " ".join([opening, *(middle[i] for i in picked), words["end"]()])


def program(chance: random.Random) -> str:
    """A little Python: a function, and a call with its result."""
    name, sign, does = chance.choice(
        (("add", "+", "sum"), ("subtract", "-", "difference"), ("multiply", "*", "product"))
    )
    x, y = chance.sample(("a", "b", "x", "y", "n", "m", "left", "right"), 2)
    p, q = chance.randrange(0, 10), chance.randrange(0, 10)
    result = {"+": p + q, "-": p - q, "*": p * q}[sign]
    thing = chance.choice(GOODS)
    return chance.choice(
        (
            f"def {name}({x}, {y}):\n    return {x} {sign} {y}\n\nprint({name}({p}, {q}))  # {result}\n",
            f'def {name}({x}, {y}):\n    """The {does} of {x} and {y}."""\n    return {x} {sign} {y}\n',
            f"for {x} in range({p + 1}):\n    print({x} {sign} {q})\n",
            f'{thing}s = ["{chance.choice(COLOURS)}", "{chance.choice(COLOURS)}"]\nfor {thing} in {thing}s:\n    print({thing})\n',
            f"if {x} > {p}:\n    {y} = {x} {sign} {q}\nelse:\n    {y} = {q}\n",
        )
    )


@cache
def paragraphs(unseen: bool = False) -> list[str]:
    """The book's own paragraphs; one in ten is held out."""
    every = re.split(r"\n{2,}", PROSE.read_text("utf-8").strip())
    return [text for text in every if held_out("prose", text, one_in=10) == unseen]


def prose(chance: random.Random) -> str:
    return chance.choice(paragraphs())


KINDS: dict[str, tuple[float, Callable[[random.Random], str]]] = {
    "facts": (0.20, facts),
    "two steps": (0.04, two_steps),
    "gifts": (0.09, gifts),
    "needles": (0.17, needles),
    "repeats": (0.03, repeats),
    "sums": (0.17, sums),
    "records": (0.10, records),
    "stories": (0.16, story),
    "code": (0.03, program),
    "prose": (0.01, prose),
}
