"""What a model of the corpus can do on what it never read: greedy answers, compared with the truth."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence

import torch

from demos_py.algorithms.bpe import Tokenizer
from wasm.models import corpus
from wasm.models.facts import FACTS_HELD_OUT, RELATIONS, TWO_STEP_HELD_OUT, held_out, two_step

Case = tuple[str, str]  # a prompt, and how its continuation must begin
Complete = Callable[[Sequence[str], int], list[str]]


def facts() -> list[Case]:
    """Each held-out pair of a fact and a wording, asked up to the answer."""
    cases: list[Case] = []
    for relation, subject, wording in FACTS_HELD_OUT:
        answers, wordings = RELATIONS[relation]
        prompt = wordings[wording].format(s=subject, a="|").partition("|")[0].rstrip()
        cases.append((prompt, f" {answers[subject]}."))
    return cases


def two_steps() -> list[Case]:
    return [
        (text[: text.rindex(" ")], text[text.rindex(" ") :])
        for person in TWO_STEP_HELD_OUT
        for text in (two_step(person, 0), two_step(person, 1))
    ]


def gifts(chance: random.Random, count: int = 500) -> list[Case]:
    cases: list[Case] = []
    for _ in range(count):
        a, b = corpus.pair(chance, unseen=True)
        where, what = chance.choice(corpus.PLACES), chance.choice(corpus.GOODS)
        text = corpus.gift(a, b, where, what, chance.randrange(4), chance.random() < 0.5)
        cases.append((text[: text.rindex(" ")], f" {a}."))
    return cases


def needles(chance: random.Random, count: int = 300) -> list[Case]:
    return [
        corpus.needle(chance, chance.randrange(0, 15), chance.random(), unseen=True) for _ in range(count)
    ]


def records(chance: random.Random, count: int = 300) -> list[Case]:
    return [corpus.record(chance, unseen=True) for _ in range(count)]


def sums(chance: random.Random, count: int = 500, digits: int = 2) -> list[Case]:
    cases: list[Case] = []
    while len(cases) < count:
        a, b = (chance.randrange(10 ** (digits - 1), 10**digits) for _ in range(2))
        if digits > 2 or held_out("sum", a, b):
            asked, answer = corpus.total(a, b)
            cases.append((asked, answer))
    return cases


def measured(complete: Complete) -> dict[str, float]:
    """The share of right answers by ability. `complete(prompts, n)` continues each by n tokens, greedily."""
    chance = random.Random(11)
    asked: dict[str, tuple[list[Case], int]] = {
        "facts, unseen wording": (facts(), 6),
        "gifts, unseen pair": (gifts(chance), 3),
        "needle": (needles(chance), 6),
        "JSON": (records(chance), 48),
        "two-digit sums, unseen": (sums(chance), 48),
        "two-step facts, unseen": (two_steps(), 6),
        "three-digit sums": (sums(chance, 200, digits=3), 64),
    }
    return {name: share(complete, cases, length) for name, (cases, length) in asked.items()}


def share(complete: Complete, cases: Sequence[Case], length: int) -> float:
    """The share of cases whose continuation begins with the truth."""
    answers = complete([prompt for prompt, _ in cases], length)
    return sum(said.startswith(truth) for said, (_, truth) in zip(answers, cases, strict=True)) / len(cases)


def valid_json(answers: Iterable[str]) -> float:
    """The share of answers whose first line is JSON."""
    good, every = 0, 0
    for answer in answers:
        every += 1
        try:
            json.loads(answer.split("}")[0] + "}")
            good += 1
        except json.JSONDecodeError:
            pass
    return good / every


@torch.no_grad()
def greedy(model: torch.nn.Module, tokenizer: Tokenizer) -> Complete:
    """A `complete` for a PyTorch model: prompts of equal length go together."""
    end = len(tokenizer.tokens)

    def complete(prompts: Sequence[str], length: int) -> list[str]:
        ids = [[end, *tokenizer.encode(prompt)] for prompt in prompts]
        said: dict[int, str] = {}
        for size in {len(row) for row in ids}:
            group = [i for i, row in enumerate(ids) if len(row) == size]
            rows = torch.tensor([ids[i] for i in group])
            with torch.no_grad():
                for _ in range(length):
                    rows = torch.cat([rows, model(rows)[:, -1:].argmax(-1)], 1)
            for i, row in zip(group, rows[:, size:].tolist(), strict=True):
                until = row.index(end) if end in row else len(row)
                said[i] = tokenizer.decode(row[:until])
        return [said[i] for i in range(len(ids))]

    return complete
