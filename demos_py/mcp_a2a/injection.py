"""Mail that carries instructions, an assistant that obeys them, and four mitigations, on and off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from demos_py.algorithms.injection import ATTACKS, MITIGATIONS, READ_ONLY, Attack, Run, run
from demos_py.core.demo import Event, Table, View
from demos_py.core.drawings import Message, messages
from demos_py.core.params import choice, slider, text

TITLE = "A mail that gives orders"
OPENS_AT, RATE, STEP = 2, 1, "call"
SWITCH = {"off": "off", "on": "on"}
NAMES = {"mark": "marked", "schema": "schema", "taint": "no sending", "confirm": "confirmed"}
TASKS = {"summary": "sum up my mail", "answer": "answer the invitation"}
_PLAIN = ATTACKS["plain"][1]


@dataclass(frozen=True)
class Params:
    task: str = choice("summary", label="The reader asks", options=TASKS)
    mark: str = choice("off", label="Mark what tools give as data", options=SWITCH)
    schema: str = choice("off", label="Let only fields of a schema through", options=SWITCH)
    taint: str = choice("off", label="No sending after reading mail", options=SWITCH)
    confirm: str = choice("off", label="A person confirms what is sent", options=SWITCH)
    reads: int = slider(
        2, low=0, high=5, step=1, label="Questions that the person reads", unit="questions", ticks=5
    )
    subject: str = text(_PLAIN.subject, label="The mail’s subject", rows=1, limit=400)
    body: str = text(_PLAIN.body, label="The mail’s text", rows=3, limit=4000)
    description: str = text(_PLAIN.description, label="A tool’s description", rows=2, limit=1000)


def attack_of(params: Params) -> Attack:
    """What stands in the mail and in the tool's description."""
    return Attack(params.subject, params.body, params.description)


def switched(params: Params) -> frozenset[str]:
    """The mitigations that are on."""
    return frozenset(name for name in MITIGATIONS if getattr(params, name) == "on")


@lru_cache(500)
def _run(attack: Attack, on: frozenset[str], task: str, reads: int) -> Run:
    return run(attack, on, task, reads)


def whole(params: Params) -> Run:
    """The run that the controls describe."""
    return _run(attack_of(params), switched(params), params.task, params.reads)


def init(params: Params) -> int:
    return 0


def update(params: Params, state: int, event: Event) -> tuple[Params, int]:
    """A tick shows one call more; `attack` writes a known attack."""
    if event.name == "attack" and event.value in ATTACKS:
        wrote = ATTACKS[event.value][1]
        return replace(params, subject=wrote.subject, body=wrote.body, description=wrote.description), state
    return params, state + (event.name == "tick" and not ended(params, state))


def ended(params: Params, state: int) -> bool:
    return state >= len(whole(params).entries)


def mark(params: Params, state: int) -> str:
    entry = whole(params).entries[state - 1]
    return f"{entry.call.tool}, ordered by {entry.call.wish}" if entry.call.wish != "reader" else ""


@lru_cache(20)
def matrix(reads: int) -> tuple[tuple[str, ...], ...]:
    """For each of the 16 combinations: its name, whether each attack leaks, and the tasks done, with questions."""
    rows = []
    for bits in product((False, True), repeat=len(MITIGATIONS)):
        on = frozenset(name for name, bit in zip(MITIGATIONS, bits, strict=True) if bit)
        ends = [
            _run(attack, on, "summary", reads).leaked
            for name, (_, attack) in ATTACKS.items()
            if name != "none"
        ]
        tasks = [_run(ATTACKS["none"][1], on, task, reads) for task in TASKS]
        rows.append(
            (
                " + ".join(NAMES[name] for name in MITIGATIONS if name in on) or "nothing",
                *("leaks" if leaks else "stopped" for leaks in ends),
                *(
                    ("done" if each.task_done else "fails") + (f", {each.asked} asked" if each.asked else "")
                    for each in tasks
                ),
            )
        )
    return tuple(rows)


def view(params: Params, state: int) -> View:
    ran, on = whole(params), switched(params)
    shown = ran.entries[:state]
    lanes = [
        Message(
            number=place,
            sender="left",
            title=f"{entry.call.tool}: {entry.end}",
            body={
                "method": "tools/call",
                "params": {"name": entry.call.tool, "arguments": dict(entry.call.arguments)},
                "annotations": {"readOnlyHint": READ_ONLY[entry.call.tool]},
                "orderedBy": entry.call.wish,
                "end": entry.end + (f": {entry.why}" if entry.why else ""),
                "result": entry.result,
            },
            note=f"ordered by {entry.call.wish}",
            now=place == len(shown),
            wrong=entry.call.wish != "reader" and entry.end == "done",
        )
        for place, entry in enumerate(shown, 1)
    ]
    sent = [
        f"{entry.call.tool}: {', '.join(dict(entry.call.arguments).values())}"
        for entry in shown
        if entry.end == "done" and entry.call.tool != "read_mail"
    ]
    if shown:
        last = shown[-1]
        reading = f"Call {state} of {len(ran.entries)}: {last.call.tool}, ordered by {last.call.wish}: **{last.end}**"
        reading += f", {last.why}. " if last.why else ". "
    else:
        reading = "Nothing has been called. "
    over = ended(params, state)
    if over:
        reading += (
            f"The door code **{'has left the machine' if ran.leaked else 'stayed'}**; the reader’s task "
            f"{'is done' if ran.task_done else 'was not done'}, with {ran.asked} questions to a person."
        )
    rows = matrix(params.reads)
    heads = tuple(label for name, (label, _) in ATTACKS.items() if name != "none")
    alone = [row for row in rows if row[0] in NAMES.values()]
    return View(
        reading=reading,
        table=Table(
            caption="Every combination of the four against each known attack, and what it costs two honest tasks",
            columns=("On", *heads, *(f"Task: {words}" for words in TASKS.values())),
            rows=rows,
        ),
        drawing={
            "lanes": lanes,
            "messages": messages,
            "attacks": [
                (name, label, attack_of(params) == wrote) for name, (label, wrote) in ATTACKS.items()
            ],
            "sent": sent,
            "numbers": [
                ("On", f"{len(on)} of 4"),
                ("Left the machine", f"{len(sent)}"),
                ("Questions asked", f"{sum(1 for e in shown if 'person' in e.why)}"),
            ],
        },
        facts={
            "leaked": "it leaks" if ran.leaked else "it is stopped",
            "task": "done" if ran.task_done else "not done",
            "asked": str(ran.asked),
            "sent": str(len(ran.left)),
            "all alone": str(sum("leaks" not in row for row in alone)),
            "safe": str(sum("leaks" not in row for row in rows)),
            "safe and useful": str(
                sum("leaks" not in row and not any(cell.startswith("fails") for cell in row) for row in rows)
            ),
            "combinations": str(len(rows)),
        },
    )
