"""A response that is not the one hoped for: what a program should do with it."""

from __future__ import annotations

from dataclasses import dataclass

from demos_py.algorithms.retries import CAREFUL, NEVER, RULES, YES, decide, parse
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, text

TITLE = "Again, or never"
EFFECTS = {
    "none": "changes nothing",
    "keyed": "has an effect, and an idempotency key",
    "bare": "has an effect, and no key",
}
EXAMPLES = {
    "limit": (
        "Limit",
        'HTTP/1.1 429 Too Many Requests\nRetry-After: 12\n\n{"error": {"type": "rate_limit_error"}}',
    ),
    "date": (
        "Limit, with a date",
        """HTTP/1.1 429 Too Many Requests
Date: Tue, 24 Nov 2026 09:00:00 GMT
Retry-After: Tue, 24 Nov 2026 09:01:30 GMT
""",
    ),
    "quota": (
        "Money spent",
        'HTTP/1.1 429 Too Many Requests\n\n{"error": {"code": "insufficient_quota"}}',
    ),
    "overloaded": ("Overloaded", 'HTTP/1.1 529\n\n{"type": "error", "error": {"type": "overloaded_error"}}'),
    "timeout": ("Timeout", "HTTP/1.1 504 Gateway Timeout\n"),
    "bad": ("Bad request", 'HTTP/1.1 400 Bad Request\n\n{"error": {"type": "invalid_request_error"}}'),
}
MOST = 4_000  # characters that are read
WORDS = {YES: "send it again", NEVER: "do not send it again", CAREFUL: "look first"}


@dataclass(frozen=True)
class Params:
    raw: str = text(EXAMPLES["date"][1], label="The response", rows=6)
    effect: str = choice("none", label="The call", options=EFFECTS)


def update(params: Params, state: None, event: Event) -> tuple[Params, None]:
    """`example` puts one of EXAMPLES into the text."""
    if event.name == "example" and event.value in EXAMPLES:
        return Params(EXAMPLES[event.value][1], params.effect), state
    return params, state


def view(params: Params, state: None) -> View:
    response = parse(params.raw[:MOST])
    decision = decide(response, params.effect)
    name = RULES.get(response.status or 0, ("",))[0]
    shown = f"{response.status} {name}".strip() if response.status else "No status"
    if response.status is not None and response.status < 400:
        what = "nothing is left to do"
    elif decision.retry == YES and decision.floor is not None:
        what = f"send it again after {decision.floor:,.0f} s and some jitter"
    elif decision.retry == YES:
        what = "send it again, with backoff and jitter"
    else:
        what = WORDS[decision.retry]
    notices = list(response.problems)
    if len(params.raw) > MOST:
        notices.append(f"Only the first {MOST:,} of {len(params.raw):,} characters are read.")
    parsed = [("Status", str(response.status or "–"))]
    parsed += [(key[:40], value[:80] or "–") for key, value in list(response.headers.items())[:6]]
    parsed.append(("error", response.kind[:80] or "–"))
    return View(
        reading=f"{shown}: **{what}**, because {decision.why}.",
        table=Table(
            caption=f"Every code, for a call that {EFFECTS[params.effect]}",
            columns=("Code", "Meaning", "Send it again", "Because"),
            rows=tuple(
                (str(code), rule[0], decide(parse(str(code)), params.effect).retry, rule[2])
                for code, rule in RULES.items()
            ),
        ),
        drawing={
            "examples": [(key, label, raw == params.raw) for key, (label, raw) in EXAMPLES.items()],
            "parsed": parsed,
            "codes": [
                (code, rule[0], decide(parse(str(code)), params.effect).retry, code == response.status)
                for code, rule in RULES.items()
            ],
        },
        facts={
            "what": what,
            "retry": decision.retry,
            "floor": "–" if decision.floor is None else f"{decision.floor:,.0f} s",
        },
        notices=tuple(notices[:4]),
    )
