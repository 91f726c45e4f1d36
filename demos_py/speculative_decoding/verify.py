"""A real draft proposes, a real target verifies in one pass, and the rule decides token by token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from demos_py.algorithms.rate_limits import draw
from demos_py.algorithms.speculation import (
    Path,
    Tree,
    acceptance,
    accepted,
    chi_square,
    ends,
    instead,
    lookup,
    many,
    most_by_chance,
    pick,
)
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider, text
from demos_py.models import pocket_draft, pocket_lm
from demos_py.models.pieces import counted, named, told

TITLE = "Propose, verify, accept"
OPENS_AT, RATE, STEP = 12, 2, "step"
MOST = 32  # tokens written
RUNS = 10_000
RULES = {"ratio": "min(1, p/q)", "favourite": "only the favourite", "always": "always"}
DEPTH, NODES = (
    3,
    9,
)  # tokens of the texts that are counted; after so many of their beginnings the models are asked
ROWS, MORE = 6, 12  # of them in the drawing, and in the data table
DRAFTS = {"pocket": "pocket-draft", "lookup": "prompt lookup"}

Cache: TypeAlias = "Mapping[str, np.ndarray]"
Row = tuple[float, ...]


@dataclass(frozen=True)
class Params:
    prompt: str = text("On that day it was raining, and Mira felt", label="Prompt", rows=2)
    draft: str = choice("pocket", label="Draft", options=DRAFTS)
    drafted: int = slider(4, low=1, high=8, step=1, label="Drafted tokens", ticks=7)
    temperature: float = slider(1.0, low=0.2, high=2.0, step=0.1, label="Temperature", ticks=9)
    heat: float = slider(
        2.5, low=0.2, high=5.0, step=0.1, label="Temperature of the draft", unit="pocket-draft", ticks=8
    )
    rule: str = choice("ratio", label="A drafted token stays", options=RULES)
    seed: int = slider(1, low=0, high=50, step=1, label="Seed", ticks=10)


@dataclass(frozen=True)
class Openings:
    """What RUNS texts after the prompt begin with, and what they should."""

    rows: tuple[
        tuple[tuple[str, ...], float, float, float], ...
    ]  # a beginning’s pieces; its share by the target, by the draft, and found
    statistic: float
    freedom: int
    alpha: float  # how often the first guess stays


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
    openings: Openings | None = None
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


def read(cache: Cache) -> int:
    """How many tokens a cache holds."""
    return cache["keys"].shape[3] if cache else 0


def kept(run: object) -> Cache:
    outputs = run.outputs  # type: ignore[attr-defined]
    return {"keys": outputs["keys"], "values": outputs["values"]}


def certain(token: int, size: int) -> np.ndarray:
    """The distribution of a guess that is copied: all on one token."""
    return np.eye(1, size, token)[0]


async def proposal(
    params: Params, ids: Sequence[int], past: Cache, size: int
) -> tuple[np.ndarray | None, Cache]:
    """The draft's distribution after `ids`, of which it has read what is in `past`, and its new cache.

    None where prompt lookup finds nothing to copy.
    """
    if params.draft == "lookup":
        token = lookup(tuple(ids))
        return None if token is None else certain(token, size), past
    run = await pocket_draft.decode(ids[read(past) :], past or None)
    return np.array(row(softmax(run.outputs["logits"][0, -1], params.heat))), kept(run)


async def tree_of(
    params: Params, lm: pocket_lm.PocketLM, ids: list[int], target: Cache, draft: Cache
) -> Tree:
    """Both models' distributions after the prompt and after its likeliest beginnings, the likeliest first."""
    tree: dict[Path, tuple[np.ndarray, np.ndarray]] = {}
    waiting: list[tuple[float, Path, Cache, Cache]] = [(1.0, (), target, draft)]
    while waiting and len(tree) < NODES:
        reach, path, past, draft_past = waiting.pop(0)
        run = await lm.decode([ids[-1], *path][-1:], past)
        p = np.array(row(softmax(run.outputs["logits"][0, -1], params.temperature)))
        q, guessed = await proposal(params, [*ids, *path], draft_past, p.size)
        # without a guess the pass of the target writes its own token: as if the draft were the target
        tree[path] = p, p if q is None else q
        if len(path) + 1 < DEPTH:
            likely = np.argsort(-p, kind="stable")[:NODES].tolist()
            waiting += [(reach * float(p[t]), (*path, t), kept(run), guessed) for t in likely]
            waiting.sort(key=lambda node: -node[0])
    return tree


def openings(params: Params, tree: Tree, words: Sequence[str]) -> Openings:
    """RUNS texts by the chosen rule, against what the target alone would write."""
    counts = many(tree, params.drafted, params.rule, RUNS, params.seed)
    wanted, drafts = ends(tree, 0, 1 / RUNS), ends(tree, 1, 0.0)
    rows = tuple(
        (tuple(words[token] for token in path), chance, drafts[path], counts.get(path, 0) / RUNS)
        for path, chance in list(wanted.items())[:MORE]
    )
    return Openings(rows, *chi_square(counts, wanted), acceptance(*tree[()]))


async def init(params: Params) -> State:
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.prompt)
    room = lm.config["context"] - MOST - 10
    cut, ids = cut or len(ids) > room, [ids[0], *ids[1:][-(room - 1) :]]
    if len(ids) < 2:
        ids = [ids[0], ids[0]]
    # the last settled token is read together with the drafted ones
    target = kept(await lm.decode(ids[:-1]))
    draft = kept(await pocket_draft.decode(ids[:-1])) if params.draft == "pocket" else {}
    tree = await tree_of(params, lm, ids, target, draft)
    return State(
        ids=tuple(ids), prompt=len(ids), words=lm.pieces, openings=openings(params, tree, lm.pieces), cut=cut,
        target=target, draft=draft,
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
    text = (*state.ids, *(token for token, _ in state.drafts))
    if not state.targets and len(state.drafts) < params.drafted:
        q, draft = await proposal(params, text, state.draft, len(state.words))
        if q is not None:
            token = pick(q, draw(params.seed, len(text), 1))
            said = f"the draft proposes {quoted(lm, token)}"
            if params.draft == "lookup":
                said = f"{quoted(lm, token)} followed the same words before, so it is proposed"
            drafts = (*state.drafts, (token, tuple(q.tolist())))
            return params, replace(state, drafts=drafts, draft=draft, said=said)
    if not state.targets:
        run = await lm.decode([state.ids[-1], *(token for token, _ in state.drafts)], state.target)
        targets = tuple(row(softmax(logits, params.temperature)) for logits in run.outputs["logits"][0])
        places = (
            f"all {len(targets)} positions" if state.drafts else "one position, for there is nothing to copy"
        )
        said = f"one pass of the target gives the distributions of {places}"
        return params, replace(state, targets=targets, target=kept(run), passes=state.passes + 1, said=said)
    if state.judged < len(state.drafts):
        token, q_row = state.drafts[state.judged]
        p, q = np.array(state.targets[state.judged]), np.array(q_row)
        place = len(state.ids) + state.judged
        chance = draw(params.seed, place, 2)
        name = quoted(lm, token)
        seen = replace(state, proposed=state.proposed + 1)
        if accepted(p, q, token, chance, params.rule):
            ratio = min(1.0, p[token] / q[token])
            said = (
                f"{name} stays: u = {chance:.2f} is below {ratio:.2f}"
                if params.rule == "ratio"
                else f"{name} stays"
            )
            return params, replace(seen, judged=state.judged + 1, stayed=state.stayed + 1, said=said)
        new = pick(instead(p, q, params.rule), draw(params.seed, place, 3))
        said = f"{name} is refused, and replaced by {quoted(lm, new)}"
        return params, _settle(seen, new, "r", said, lm)
    new = pick(np.array(state.targets[-1]), draw(params.seed, len(state.ids) + state.judged, 3))
    said = f"all stay, and the same pass gives {quoted(lm, new)} as well"
    if not state.drafts:
        said = f"the pass gives {quoted(lm, new)}, as it would without a draft"
    return params, _settle(state, new, "b", said, lm)


def quoted(lm: pocket_lm.PocketLM, token: int) -> str:
    return f"“{named(lm.piece(token))}”"


def _settle(state: State, new: int, kind: str, said: str, lm: pocket_lm.PocketLM) -> State:
    """The next cycle: the accepted tokens and a new one are written, and both caches go back to what holds."""
    written = (*(token for token, _ in state.drafts[: state.judged]), new)
    ids = (*state.ids, *written)
    holds = len(ids) - 1  # all but the newest, which no model has read
    short = min(holds, read(state.draft))
    return replace(
        state, ids=ids, pieces=(*state.pieces, *(lm.piece(token) for token in written)), drafts=(), targets=(),
        judged=0, said=said, kinds=state.kinds + "a" * state.judged + kind,
        target=back_to(state.target, holds), draft=back_to(state.draft, short),
    )  # fmt: skip


def percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def phase(params: Params, state: State) -> str:
    """What the next tick would do, by the name of the step in the cycle."""
    if state.targets:
        return "judge"
    text = (*state.ids, *(token for token, _ in state.drafts))
    copied_out = params.draft == "lookup" and lookup(text) is None
    return "verify" if copied_out or len(state.drafts) == params.drafted else "propose"


def view(params: Params, state: State) -> View:
    found = state.openings
    assert found is not None
    limit = most_by_chance(found.freedom)
    fits = found.statistic <= limit
    # large ones are not told in digits: machines differ in the sixth one of p, and χ² divides by p
    chi = (
        "more than 10 times"
        if found.statistic > 10 * limit
        else f"{found.statistic / max(limit, 1e-9):.1f} times"
    )
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
        f"{said[0].upper() + said[1:]}. {counted(written, 'token')} written with "
        f"**{counted(state.passes, 'pass', 'passes')}** of the target, {tokens} each; "
        f"{percent(state.stayed, state.proposed)} of the judged drafts stayed. The first {DEPTH} tokens of {RUNS:,} texts "
        f"{'are' if fits else '**are not**'} distributed as the target’s."
    )
    rows = tuple(
        (told("".join(pieces).strip(" ")), f"{p:.3f}", f"{q:.3f}", f"{share:.3f}")
        for pieces, p, q, share in found.rows
    )
    return View(
        reading=reading,
        table=Table(
            caption=f"How {RUNS:,} texts begin after the prompt: the {len(rows)} likeliest of the target",
            columns=("Beginning", "Target p", "Draft q", "Came out"),
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
            "caches": (read(state.target), read(state.draft))
            if state.draft
            else (read(state.target), "none"),
            "shares": [
                (pieces, f"{p:.3f}", f"{share:.3f}", 100 * p, 100 * share)
                for pieces, p, _, share in found.rows[:ROWS]
            ],
            "runs": f"{RUNS:,}",
            "depth": DEPTH,
            "chi": f"χ² is {chi} what chance allows at most, with {counted(found.freedom, 'degree')} of freedom",
        },
        facts={
            "written": str(written),
            "passes": str(state.passes),
            "tokens": tokens,
            "stayed": percent(state.stayed, state.proposed),
            "alpha": f"{found.alpha:.2f}",
            "chi": chi,
            "fits": "yes" if fits else "no",
        },
        notices=("The prompt is longer than the model’s memory, so a part of it was left out.",)
        if state.cut
        else (),
    )
