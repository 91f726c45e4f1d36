"""Byte-pair encoding trained on the reader's own text, one merge after the other."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from demos_py.algorithms.bpe import BYTES, PATTERN, Merge, hexed, legible, replay, tokens, train
from demos_py.algorithms.tokenization import well_formed
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import slider, text

TITLE = "A tokenizer learned from a text"
MOST = 100  # merges
DRAWN = 240  # tokens


@dataclass(frozen=True)
class Params:
    corpus: str = text(
        "The shell seller sells shells. She sells the shells she sees at the seashore. "
        "If she sells seashells at the seashore, the shells she sells are seashore shells. "
        "The other sellers on the shore sell smaller shells, and tell the other callers that the smaller "
        "shells are the better shells.",
        label="Text to learn from",
        rows=7,
    )
    merges: int = slider(16, low=0, high=MOST, step=1, label="Merges", unit="so far")
    probe: str = text("the shellfish sees 🐚", label="Text to encode", rows=2, limit=500)


@dataclass(frozen=True)
class State:
    learned: tuple[Merge, ...]


@lru_cache(4)
def learn(corpus: str) -> tuple[Merge, ...]:
    """Up to MOST merges; kept, because the slider asks for the same text again."""
    return tuple(train(corpus, MOST))


def init(params: Params) -> State:
    return State(learn(well_formed(params.corpus)))


def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """One merge more or one fewer."""
    if event.name == "step" and event.value in ("-1", "1"):
        done = min(params.merges, len(state.learned)) + int(event.value)
        params = replace(params, merges=max(0, min(done, len(state.learned))))
    return params, state


def told(token: bytes) -> str:
    """A token in a sentence or a table, with its spaces to be seen."""
    shown = legible(token)
    if shown is None:
        return hexed(token)
    return shown.replace(" ", "␣").replace("\n", "\\n").replace("\t", "\\t")


def marked(token: bytes) -> str:
    """A token in the reading: drawn as one, unless its signs would be taken for marks there."""
    shown = legible(token)
    return f"“{told(token)}”" if shown is None or "`" in shown or "*" in shown else f"`{shown}`"


def view(params: Params, state: State) -> View:
    corpus, probe = well_formed(params.corpus), well_formed(params.probe)
    learned = state.learned
    done = min(params.merges, len(learned))
    known = tokens(learned)
    size = len(corpus.encode())
    # how many tokens the text has after each number of merges
    counts = list(itertools.accumulate((-merge.joined for merge in learned), initial=size))
    now = counts[done]
    last = learned[done - 1] if done else None
    coming = learned[done] if done < len(learned) else None

    strip, drawn = [], 0
    for piece in replay(re.findall(PATTERN, corpus)[:DRAWN], learned[:done]):
        strip.append(
            [(legible(known[token]), hexed(known[token]), token) for token in piece[: DRAWN - drawn]]
        )
        drawn += len(strip[-1])
        if drawn == DRAWN:
            break
    encoded = replay(re.findall(PATTERN, probe), learned[:done])
    probe_size, probe_count = len(probe.encode()), sum(map(len, encoded))

    if not size:
        reading = "There is no text to learn from, so the vocabulary is the 256 bytes alone."
    elif last is None:
        reading = f"Before the first merge every byte is a token: **{size:,}**."
    else:
        reading = (
            f"After {done:,} merge{'s' * (done > 1)} the text is **{now:,} tokens** instead of {size:,} bytes: "
            f"**{size / now:.2f} bytes per token**. The last merge joined {marked(known[last.left])} and "
            f"{marked(known[last.right])}, which stood together {last.count:,} times."
        )
    if coming is not None:
        reading += f" Next are {marked(known[coming.left])} and {marked(known[coming.right])}, {coming.count:,} times."

    notices = []
    if params.merges > len(learned):
        notices.append(
            f"After {len(learned)} merges no pair stands twice in this text, so learning ends there."
        )
    if now > drawn and drawn == DRAWN:
        notices.append(f"The first {DRAWN} of {now:,} tokens are drawn; the counts hold for all.")
    if corpus != params.corpus or probe != params.probe:
        notices.append(
            "Half a surrogate pair is no character and has no bytes; it was replaced by U+FFFD, �."
        )

    table = Table(
        caption="Every merge so far, and what it made of the text",
        columns=(
            "Merge",
            "Left",
            "Right",
            "New token",
            "Its id",
            "Stood together",
            "Tokens",
            "Bytes per token",
        ),
        rows=(("0", "–", "–", "–", "–", "–", f"{size:,}", "1.000" if size else "–"),)
        + tuple(
            (
                str(at + 1),
                told(known[merge.left]),
                told(known[merge.right]),
                told(known[merge.new]),
                str(merge.new),
                f"{merge.count:,}",
                f"{counts[at + 1]:,}",
                f"{size / counts[at + 1]:.3f}",
            )
            for at, merge in enumerate(learned[:done])
        ),
    )
    drawing = {
        "strip": strip,
        "count": now,
        "new": last.new if last else -1,
        "learned": [
            (
                legible(known[merge.new]),
                hexed(known[merge.new]),
                merge.new,
                f"{told(known[merge.left])} + {told(known[merge.right])}",
                f"{merge.count:,}×",
            )
            for merge in learned[:done]
        ],
        "vocabulary": len(BYTES) + done,
        "encoded": [
            [(legible(known[token]), hexed(known[token]), token) for token in piece] for piece in encoded
        ],
        "probe": f"{probe_count:,} token{'s' * (probe_count != 1)} for {probe_size:,} bytes",
        "chart_label": f"Bytes per token after each number of merges; {size / now if now else 0:.2f} after {done}",
    }
    facts = {
        "merges": f"{done:,}",
        "bytes": f"{size:,}",
        "tokens": f"{now:,}",
        "bytes per token": f"{size / now:.2f}" if now else "–",
        "vocabulary": f"{len(BYTES) + done:,}",
        "all merges": f"{len(learned):,}",
        "tokens at the end": f"{counts[-1]:,}",
        "bytes per token at the end": f"{size / counts[-1]:.2f}" if size else "–",
        "probe tokens": f"{probe_count:,}",
        "probe bytes": f"{probe_size:,}",
    }
    for at, merge in enumerate(learned[:5], start=1):
        facts[f"merge {at}"] = f"{told(known[merge.left])} + {told(known[merge.right])}"
        facts[f"merge {at} count"] = f"{merge.count:,}"
    if last is not None:
        facts |= {"last token": told(known[last.new]), "last count": f"{last.count:,}"}
    return View(
        reading=reading,
        table=table,
        drawing=drawing,
        charts={"compression": compression(size, counts, done)},
        facts=facts,
        notices=tuple(notices),
    )


def compression(size: int, counts: list[int], done: int) -> dict[str, Any]:
    """Bytes per token over the number of merges."""
    rate = [size / count if count else 1.0 for count in counts]
    top = max(2, math.ceil(rate[-1]))
    end = max(10, -(-(len(counts) - 1) // 10) * 10)
    step = max(1, round(charts.round_below(top / 3)))
    return charts.chart(
        [
            charts.line(list(range(len(rate))), rate, "bytes per token", "var(--cw-c1)", width=2),
            charts.dots([done], [rate[done]], "now", "var(--cw-c1)"),
        ],
        charts.axis("merges", 0, end, range(0, end + 1, max(5, end // 20 * 5))),
        charts.axis("bytes per token", 1, top, range(1, top + 1, step)),
        height=190,
    )
