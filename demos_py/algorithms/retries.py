"""What to do with an answer that is not the one hoped for: a decision from a raw HTTP response.

Sources: RFC 9110 (status codes, idempotent methods, Retry-After, HTTP-date), RFC 6585 (429), RFC 8259 (JSON);
529 and the error types are those of the vendors' documentation.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

NEVER, YES, CAREFUL = "never", "yes", "careful"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The form of today, and the two obsolete ones that RFC 9110, section 5.6.7, has every reader accept.
TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
DATES = tuple(
    re.compile(form, re.ASCII)
    for form in (
        r"[A-Z][a-z]{2}, (?P<day>\d\d) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}) " + TIME + " GMT",
        r"[A-Z][a-z]+day, (?P<day>\d\d)-(?P<month>[A-Z][a-z]{2})-(?P<year>\d\d) " + TIME + " GMT",
        r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>[ \d]\d) " + TIME + r" (?P<year>\d{4})",
    )
)
# status: meaning, whether to send the same request again, why
RULES: dict[int, tuple[str, str, str]] = {
    400: ("Bad request", NEVER, "the request itself is malformed, and will be so again"),
    401: ("Unauthorised", NEVER, "the key is wrong or revoked"),
    402: ("Payment required", NEVER, "somebody has to pay first"),
    403: ("Forbidden", NEVER, "a policy, a region or an account says no"),
    404: ("Not found", NEVER, "the model’s name is wrong, or it was withdrawn"),
    408: ("Request timeout", CAREFUL, "the server gave up waiting for the request"),
    409: ("Conflict", CAREFUL, "something else changed at the same time"),
    413: ("Content too large", NEVER, "the same body will be as large again"),
    422: ("Unprocessable", NEVER, "the schema or the order of the messages is wrong"),
    429: ("Too many requests", YES, "a limit was met, and limits refill"),
    500: ("Server error", CAREFUL, "most often it passes, but it may have acted before it failed"),
    502: ("Bad gateway", CAREFUL, "a proxy got no good answer, but the request may have arrived"),
    503: ("Unavailable", YES, "the service says that it did not take the request"),
    504: ("Gateway timeout", CAREFUL, "the request may have been carried out, and only its answer lost"),
    529: ("Overloaded", YES, "the service as a whole is full; nothing is wrong with your account"),
}
# limits that no wait refills
SPENT = (
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_error",
    "enforced_spend_limit_reached",
)


@dataclass(frozen=True)
class Response:
    """A parsed response; `kind` is the error's type or code in a JSON body, `problems` what could not be read."""

    status: int | None
    headers: dict[str, str]
    kind: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """Whether to send the request again (NEVER, YES, CAREFUL), after how many seconds at the least, and why."""

    retry: str
    floor: float | None
    why: str


def http_date(text: str) -> datetime | None:
    """The moment that an HTTP-date names, such as "Tue, 24 Nov 2026 09:00:30 GMT"; None where it is none.

    A year of two digits is of this century below 70, of the last from there.
    """
    match = next(filter(None, (form.fullmatch(text.strip()) for form in DATES)), None)
    if not match or match["month"] not in MONTHS:
        return None
    year, month = int(match["year"]), MONTHS.index(match["month"]) + 1
    if len(match["year"]) == 2:
        year += 1900 if year >= 70 else 2000
    day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
    try:
        # a leap second counts as the second before it
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def retry_after(headers: dict[str, str]) -> tuple[float | None, str]:
    """Seconds to wait at the least, and a problem in words or "".

    The header is a number of seconds or an HTTP-date; a date counts from the response's own Date header, since
    the client's clock may be wrong.
    """
    text = headers.get("retry-after")
    if text is None:
        return None, ""
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return float(text), ""
    until = http_date(text)
    if until is None:
        return None, f"Retry-After is “{text[:40]}”: neither whole seconds nor an HTTP-date, so it is ignored"
    now = http_date(headers.get("date", ""))
    if now is None:
        return None, "Retry-After is a date, and there is no Date header to count from"
    return max(0.0, (until - now).total_seconds()), ""


def _object(value: Any) -> dict[str, Any]:
    """A JSON value where it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def parse(raw: str) -> Response:
    """A raw HTTP response. Never raises: what cannot be read is named in `problems`."""
    head, _, body = raw.replace("\r\n", "\n").strip().partition("\n\n")
    first, *lines = head.split("\n")
    match = re.match(r"(?:HTTP/\d(?:\.\d)?\s+)?(\d{3})\b", first.strip(), re.ASCII)
    problems = [] if match else [f"The first line, “{first[:40]}”, names no status."]
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and name.strip():
            headers[name.strip().lower()] = value.strip()
        else:
            problems.append(f"“{line[:40]}” is no header.")
    kind = ""
    if body.strip():
        try:
            found = _object(json.loads(body))
            error = _object(found.get("error", found))
            kind = next((error[key] for key in ("code", "type") if isinstance(error.get(key), str)), "")
        except (ValueError, RecursionError):
            problems.append("The body is no JSON.")
    return Response(int(match[1]) if match else None, headers, kind, tuple(problems))


def decide(response: Response, effect: str) -> Decision:
    """What to do. `effect` is "none" where the call changes nothing; "keyed" where it does, and carries a key by

    which its receiver knows a repeated call; "bare" where it does, and carries none.
    """
    if response.status is None:
        return Decision(CAREFUL, None, "without a status nobody knows what became of the request")
    if response.status < 400:
        return Decision(NEVER, None, "it worked")
    if response.status == 429 and response.kind in SPENT:
        return Decision(NEVER, None, "the money is spent, and no wait refills that")
    floor, problem = retry_after(response.headers)
    other = (
        ("", CAREFUL, "a code of the 500s is the server’s trouble")
        if response.status >= 500
        else ("", NEVER, "a code of the 400s says that the request is wrong")
    )
    _, retry, why = RULES.get(response.status, other)
    if retry == CAREFUL and effect == "bare":
        why += "; sent again, it may be done twice"
    elif retry == CAREFUL:
        retry = YES
        why += (
            "; doing it twice does no harm"
            if effect == "none"
            else "; its key keeps it from being done twice"
        )
    return Decision(retry, floor if retry != NEVER else None, why + (f". {problem}" if problem else ""))
