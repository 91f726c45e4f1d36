"""The pocket model's own cache in fewer bits: what the next tokens lose by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demos_py.algorithms.kv_cache import bits_with_scales, rounded
from demos_py.core.demo import Table, View
from demos_py.core.params import choice, slider, text
from demos_py.models import pocket_lm

TITLE = "A cache in fewer bits"
SHARED = {"channel": "a scale for each channel", "token": "a scale for each token"}
WAYS = (("channel", "token"), ("token", "token"), ("channel", "channel"), ("token", "channel"))
# the second list is read off the first, so what the cache has lost is missed at once
_LIST = "Ruth, mouse, Mary, blanket, book, rope, Amir, Farid, Yusuf, Anna, Ivan."
TEXT = f"List: {_LIST} Again: {_LIST}"
LEAST = 8  # tokens


@dataclass(frozen=True)
class Params:
    text: str = text(TEXT, label="Text", rows=5)
    bits: int = slider(2, low=1, high=8, step=1, label="Bits of a number", ticks=7)
    keys: str = choice("token", label="Keys", options=SHARED)
    values: str = choice("token", label="Values", options=SHARED)
    tail: int = slider(
        45, low=5, high=80, step=5, label="Read after the rounded cache", unit="% of the text", ticks=15
    )


@dataclass(frozen=True)
class Result:
    """One way of rounding: divergence in nat a token, share of positions whose favourite stays, relative errors."""

    divergence: float
    same: float
    key_error: float
    value_error: float


@dataclass(frozen=True)
class State:
    """The results by way, (keys, values), and how many tokens were cached and read."""

    results: tuple[tuple[tuple[str, str], Result], ...]
    cached: int
    read: int
    cut: bool
    short: bool


def log_softmax(logits: np.ndarray) -> np.ndarray:
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def error(exact: np.ndarray, found: np.ndarray) -> float:
    """Relative error, root of the mean square."""
    return float(np.sqrt(((exact - found) ** 2).mean() / (exact**2).mean()))


async def init(params: Params) -> State:
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.text)
    short = len(ids) < LEAST
    if short:
        ids, _ = lm.encode(TEXT)
    read = min(max(1, round(len(ids) * params.tail / 100)), len(ids) - 2)
    past = (await lm.decode(ids[:-read])).outputs
    exact = log_softmax((await lm.decode(ids[-read:], past)).outputs["logits"][0])
    axis = {"channel": 3, "token": 4}  # of [layers, 1, KV heads, tokens, head]: what shares a scale
    results = []
    for way in WAYS:
        coarse = {
            name: rounded(past[name], params.bits, axis[shared])
            for name, shared in zip(("keys", "values"), way, strict=True)
        }
        found = log_softmax((await lm.decode(ids[-read:], coarse)).outputs["logits"][0])
        results.append(
            (
                way,
                Result(
                    float((np.exp(exact) * (exact - found)).sum(axis=-1).mean()),
                    float((exact.argmax(-1) == found.argmax(-1)).mean()),
                    error(past["keys"], coarse["keys"]),
                    error(past["values"], coarse["values"]),
                ),
            )
        )
    return State(tuple(results), len(ids) - read, read, cut, short)


def view(params: Params, state: State) -> View:
    results = dict(state.results)
    mine = results[params.keys, params.values]
    best = min(results, key=lambda way: results[way].divergence)
    worst = max(result.divergence for result in results.values()) or 1
    stored = {
        "channel": bits_with_scales(params.bits, state.cached),
        "token": bits_with_scales(params.bits, 32),
    }
    bits = (stored[params.keys] + stored[params.values]) / 2

    def words(way: tuple[str, str]) -> str:
        return f"keys by {way[0]}, values by {way[1]}"

    reading = (
        f"With {params.bits} bits, {words((params.keys, params.values))}, the next {state.read} predictions diverge by "
        f"**{mine.divergence:.3f} nat** a token from those of the exact cache, and **{mine.same:.0%}** of the favourites "
        f"stay. With its scales the cache takes {bits:.1f} bits a number instead of 16. The least is lost with "
        f"{words(best)}."
    )
    rows = tuple(
        (words(way), f"{r.divergence:.3f}", f"{r.same:.0%}", f"{r.key_error:.1%}", f"{r.value_error:.1%}")
        for way, r in state.results
    )
    notices = []
    if state.cut:
        notices.append("The text is longer than the model’s memory, so its beginning was left out.")
    if state.short:
        notices.append(f"At least {LEAST} tokens are needed, so the usual text is read.")
    return View(
        reading=reading,
        table=Table(
            caption=f"A cache of {state.cached} tokens rounded to {params.bits} bits, {state.read} tokens read after it",
            columns=("Scales", "Divergence, nat", "Favourite stays", "Error of keys", "Error of values"),
            rows=rows,
        ),
        drawing={
            "ways": [
                (words(way), f"{r.divergence:.3f}", f"{r.same:.0%}", 100 * r.divergence / worst,
                 way == (params.keys, params.values))
                for way, r in state.results
            ],
            "numbers": [
                ("Tokens cached", str(state.cached)),
                ("Read after", str(state.read)),
                ("Bits with scales", f"{bits:.1f}"),
                ("Error of keys", f"{mine.key_error:.1%}"),
                ("Error of values", f"{mine.value_error:.1%}"),
            ],
        },
        facts={
            "divergence": f"{mine.divergence:.3f}",
            "same": f"{mine.same:.0%}",
            "bits": f"{bits:.1f}",
            "best": words(best),
            "key error": f"{mine.key_error:.1%}",
            "value error": f"{mine.value_error:.1%}",
        },
        notices=tuple(notices),
    )  # fmt: skip
