"""A real draft proposes, a real target verifies in one pass, and the rule decides token by token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from demos_py.algorithms.rate_limits import draw
from demos_py.algorithms.speculation import acceptance, accepted, chi_square, instead, many, pick
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider, text
from demos_py.models import pocket_draft, pocket_lm

TITLE = "Propose, verify, accept"
OPENS_AT, RATE, STEP = 12, 2, "step"
MOST = 32  # tokens written
RUNS = 10_000
RULES = {"ratio": "min(1, p/q)", "favourite": "only the favourite", "always": "always"}
ROWS = 6

Cache = Mapping[str, np.ndarray]
Row = tuple[float, ...]


@dataclass(frozen=True)
class Params:
    prompt: str = text("On that day it was raining, and Mira felt", label="Prompt", rows=2)
    drafted: int = slider(4, low=1, high=8, step=1, label="Drafted tokens", ticks=7)
    temperature: float = slider(1.0, low=0.2, high=2.0, step=0.1, label="Temperature", ticks=9)
    heat: float = slider(2.5, low=0.2, high=5.0, step=0.1, label="Temperature of the draft", ticks=8)
    rule: str = choice("ratio", label="A drafted token stays", options=RULES)
    seed: int = slider(1, low=0, high=50, step=1, label="Seed", ticks=10)


@dataclass(frozen=True)
class State:
    """Where the cycle is. `ids` are settled; `drafts` proposed, each with its q; `targets` the p of a verifying pass.

    `judged` drafts of them were accepted. `target` and `draft` are the models' caches, of `ids` without its last
    token, or while drafting also of what is drafted.
    """

    ids: tuple[int, ...]
    prompt: int
    words: tuple[str, ...]  # the vocabulary as the book shows it
    pieces: tuple[str, ...] = ()
    drafts: tuple[tuple[int, Row], ...] = ()
    targets: tuple[Row, ...] = ()
    judged: int = 0
    passes: int = 0
    proposed: int = 0
    stayed: int = 0
    said: str = ""
    kinds: str = ""  # of each written token: a accepted, r replaced, b bonus
    first: tuple[Row, Row, tuple[int, ...]] = (
        (),
        (),
        (),
    )  # p and q after the prompt, and the counts of many runs
    cut: bool = False
    target: Cache = field(default_factory=dict, compare=False)
    draft: Cache = field(default_factory=dict, compare=False)


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    scaled = logits.astype(np.float64) / temperature
    p = np.exp(scaled - scaled.max())
    return p / p.sum()


def row(p: np.ndarray) -> Row:
    """A distribution rounded so far that all machines agree on it, as plain numbers."""
    p = np.round(p, 6)
    return tuple((p / p.sum()).tolist())


def back_to(cache: Cache, tokens: int) -> Cache:
    """A cache as it was after its first `tokens` tokens: what a refused draft left behind is cut off."""
    return {name: array[:, :, :, :tokens] for name, array in cache.items()}


def kept(run: object) -> Cache:
    outputs = run.outputs  # type: ignore[attr-defined]
    return {"keys": outputs["keys"], "values": outputs["values"]}


async def init(params: Params) -> State:
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.prompt)
    room = lm.config["context"] - MOST - 10
    cut, ids = cut or len(ids) > room, [ids[0], *ids[1:][-(room - 1) :]]
    if len(ids) < 2:
        ids = [ids[0], ids[0]]
    # the last settled token is read together with the drafted ones
    target, draft = await lm.decode(ids[:-1]), await pocket_draft.decode(ids[:-1])
    p = softmax((await lm.decode(ids[-1:], target.outputs)).outputs["logits"][0, -1], params.temperature)
    q = softmax((await pocket_draft.decode(ids[-1:], draft.outputs)).outputs["logits"][0, -1], params.heat)
    p_row, q_row = row(p), row(q)
    counts = many(np.array(p_row), np.array(q_row), params.rule, RUNS, params.seed)
    return State(
        ids=tuple(ids), prompt=len(ids), words=lm.pieces, first=(p_row, q_row, tuple(counts.tolist())), cut=cut,
        target=kept(target), draft=kept(draft),
    )  # fmt: skip


def ended(params: Params, state: State) -> bool:
    return len(state.ids) - state.prompt >= MOST


def mark(params: Params, state: State) -> str:
    return state.said if "refused" in state.said else ""


async def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """A tick drafts one token, or verifies them all in one pass, or judges one, or ends the cycle."""
    if event.name != "tick" or ended(params, state):
        return params, state
    lm = await pocket_lm.load()
    at = len(state.ids) + len(state.drafts)
    if not state.targets and len(state.drafts) < params.drafted:
        # after a cycle in which all stayed, the draft has not read its own last token yet
        unread = [state.drafts[-1][0]] if state.drafts else list(state.ids[state.draft["keys"].shape[3] :])
        run = await pocket_draft.decode(unread, state.draft)
        q = row(softmax(run.outputs["logits"][0, -1], params.heat))
        token = pick(np.array(q), draw(params.seed, at, 1))
        said = f"the draft proposes “{lm.piece(token).strip()}”"
        return params, replace(state, drafts=(*state.drafts, (token, q)), draft=kept(run), said=said)
    if not state.targets:
        run = await lm.decode([state.ids[-1], *(token for token, _ in state.drafts)], state.target)
        targets = tuple(row(softmax(logits, params.temperature)) for logits in run.outputs["logits"][0])
        count = len(targets)
        said = f"one pass of the target gives the distributions of all {count} positions"
        return params, replace(state, targets=targets, target=kept(run), passes=state.passes + 1, said=said)
    if state.judged < len(state.drafts):
        token, q_row = state.drafts[state.judged]
        p, q = np.array(state.targets[state.judged]), np.array(q_row)
        place = len(state.ids) + state.judged
        chance = draw(params.seed, place, 2)
        name = lm.piece(token).strip()
        counted = replace(state, proposed=state.proposed + 1)
        if accepted(p, q, token, chance, params.rule):
            ratio = min(1.0, p[token] / q[token])
            said = (
                f"“{name}” stays: u = {chance:.2f} is below {ratio:.2f}"
                if params.rule == "ratio"
                else f"“{name}” stays"
            )
            return params, replace(counted, judged=state.judged + 1, stayed=state.stayed + 1, said=said)
        new = pick(instead(p, q, params.rule), draw(params.seed, place, 3))
        said = f"“{name}” is refused, and replaced by “{lm.piece(new).strip()}”"
        return params, _settle(counted, new, "r", said, lm)
    new = pick(np.array(state.targets[-1]), draw(params.seed, len(state.ids) + state.judged, 3))
    return params, _settle(
        state, new, "b", f"all stay, and the same pass gives “{lm.piece(new).strip()}” as well", lm
    )


def _settle(state: State, new: int, kind: str, said: str, lm: pocket_lm.PocketLM) -> State:
    """The next cycle: the accepted tokens and a new one are written, and both caches go back to what holds."""
    written = (*(token for token, _ in state.drafts[: state.judged]), new)
    ids = (*state.ids, *written)
    holds = len(ids) - 1  # all but the newest, which no model has read
    short = min(holds, state.draft["keys"].shape[3])
    return replace(
        state, ids=ids, pieces=(*state.pieces, *(lm.piece(token) for token in written)), drafts=(), targets=(),
        judged=0, said=said, kinds=state.kinds + "a" * state.judged + kind,
        target=back_to(state.target, holds), draft=back_to(state.draft, short),
    )  # fmt: skip


def percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def phase(params: Params, state: State) -> str:
    """What the next tick would do, by the number of the step in the cycle."""
    if state.targets:
        return "judge"
    return "propose" if len(state.drafts) < params.drafted else "verify"


def view(params: Params, state: State) -> View:
    p_first, q_first, counts = (np.array(part) for part in state.first)
    runs = int(counts.sum())
    statistic, freedom = chi_square(counts, p_first)
    # of a chi-square law with f degrees of freedom 99.9% lies below f·(1 − 2/9f + 3.09·√(2/9f))³ (Wilson, Hilferty 1931)
    limit = freedom * (1 - 2 / (9 * freedom) + 3.09 * (2 / (9 * freedom)) ** 0.5) ** 3 if freedom else 0.0
    fits = statistic <= limit or not freedom
    # large ones are not told in digits: machines differ in the sixth one of p, and χ² divides by p
    chi = "more than 10 times" if statistic > 10 * limit else f"{statistic / max(limit, 1e-9):.1f} times"
    shown = np.argsort(-p_first, kind="stable")[:ROWS]
    written = len(state.ids) - state.prompt
    tokens = f"{written / state.passes:.2f}" if state.passes else "–"
    drafts = []
    for i, (token, q) in enumerate(state.drafts):
        p = state.targets[i][token] if state.targets else None
        if i < state.judged:
            fate = "stays"
        elif state.targets:
            fate = "is next" if i == state.judged else "waits"
        else:
            fate = "proposed"
        drafts.append(
            {
                "piece": state.words[token],
                "q": f"{q[token]:.3f}",
                "p": "–" if p is None else f"{p:.3f}",
                "ratio": "–" if p is None else f"{min(1.0, p / q[token]):.2f}",
                "fate": fate,
            }
        )
    steps = [
        {
            "name": "Propose",
            "note": f"{len(state.drafts)} of {params.drafted} drafted",
            "now": phase(params, state) == "propose",
        },
        {"name": "Verify", "note": "one pass over all of them", "now": phase(params, state) == "verify"},
        {
            "name": "Judge",
            "note": f"{state.judged} of {len(state.drafts)} stay so far",
            "now": phase(params, state) == "judge",
        },
    ]
    said = state.said or "nothing has happened yet"
    reading = (
        f"{said[0].upper() + said[1:]}. {written} token{'s' * (written != 1)} written with **{state.passes}** pass{'es' * (state.passes != 1)} of the target, "
        f"{tokens} each; {percent(state.stayed, state.proposed)} of the judged drafts stayed. Of {runs:,} first tokens "
        f"drawn by this rule, the shares {'are the target’s' if fits else '**are not the target’s**'} (χ² is "
        f"{chi} what chance allows at most, with {freedom} degrees of freedom)."
    )
    rows = tuple(
        (
            state.words[int(i)].strip() or "space",
            f"{p_first[i]:.3f}",
            f"{q_first[i]:.3f}",
            f"{counts[i] / runs:.3f}",
        )
        for i in shown
    )
    target_cache, draft_cache = (int(cache["keys"].shape[3]) for cache in (state.target, state.draft))
    return View(
        reading=reading,
        table=Table(
            caption=f"The first token after the prompt, in {runs:,} runs",
            columns=("Token", "Target p", "Draft q", "Came out"),
            rows=rows,
        ),
        drawing={
            "steps": steps,
            "written": [
                (piece, {"a": "", "r": "replaced", "b": "bonus"}[kind])
                for piece, kind in zip(state.pieces, state.kinds, strict=True)
            ],
            "drafts": drafts + [None] * (params.drafted - len(drafts)),
            "settled": len(state.ids),
            "caches": (target_cache, draft_cache),
            "shares": [
                (
                    state.words[int(i)],
                    f"{p_first[i]:.3f}",
                    f"{counts[i] / runs:.3f}",
                    100 * p_first[i],
                    100 * counts[i] / runs,
                )
                for i in shown
            ],
            "runs": f"{runs:,}",
            "fits": fits,
        },
        facts={
            "written": str(written),
            "passes": str(state.passes),
            "tokens": tokens,
            "stayed": percent(state.stayed, state.proposed),
            "alpha": f"{acceptance(p_first, q_first):.2f}",
            "chi": chi,
            "fits": "yes" if fits else "no",
        },
        notices=("The prompt is longer than the model’s memory, so a part of it was left out.",)
        if state.cut
        else (),
    )
