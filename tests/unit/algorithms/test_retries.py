"""Decisions on responses; dates against the standard library's own parser."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.retries import CAREFUL, NEVER, RULES, YES, decide, http_date, parse, retry_after

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(
    lambda d: d.replace(microsecond=0, tzinfo=UTC)
)


@given(MOMENTS)
def test_dates_are_read_as_the_standard_library_reads_them(moment: datetime) -> None:
    text = format_datetime(moment, usegmt=True)
    assert http_date(text) == parsedate_to_datetime(text) == moment


@pytest.mark.parametrize(
    "wrong",
    ["", "12", "2026-11-24T09:00:00Z", "Tue, 24 Nov 2026 09:00:00 +0100", "Tue, 31 Feb 2026 09:00:00 GMT",
     "Tue, 24 Nov 2026 25:00:00 GMT", "Tue, 24 Xxx 2026 09:00:00 GMT", "Tue, ٢٤ Nov 2026 09:00:00 GMT"],
)  # fmt: skip
def test_what_is_no_date_is_none(wrong: str) -> None:
    assert http_date(wrong) is None


@given(MOMENTS.filter(lambda moment: 1970 <= moment.year < 2070))
def test_the_obsolete_forms_are_read_too(moment: datetime) -> None:
    # strftime speaks English here: tests run in the C locale
    assert http_date(f"{moment:%A, %d-%b-%y %H:%M:%S} GMT") == moment
    assert http_date(f"{moment:%a %b} {moment.day:2d} {moment:%H:%M:%S %Y}") == moment


@given(MOMENTS, st.integers(-1000, 100_000))
def test_a_date_counts_from_the_servers_clock(now: datetime, seconds: int) -> None:
    until = datetime.fromtimestamp(now.timestamp() + seconds, UTC)
    headers = {"date": format_datetime(now, usegmt=True), "retry-after": format_datetime(until, usegmt=True)}
    assert retry_after(headers) == (max(0, seconds), "")


@pytest.mark.parametrize("wrong", ["1.5", "-3", "soon", "1e3", "9" * 12])
def test_a_retry_after_that_cannot_be_read_is_named(wrong: str) -> None:
    seconds, problem = retry_after({"retry-after": wrong})
    assert seconds is None and "neither whole seconds nor an HTTP-date" in problem


def test_a_date_without_a_clock_to_count_from_is_named() -> None:
    assert "no Date header" in retry_after({"retry-after": "Tue, 24 Nov 2026 09:00:00 GMT"})[1]


@pytest.mark.parametrize(
    ("raw", "effect", "retry", "floor"),
    [
        ("HTTP/1.1 429 Too Many Requests\nRetry-After: 12", "none", YES, 12),
        ("HTTP/1.1 429\r\nretry-after: 12\r\n\r\n{}", "bare", YES, 12),
        ('HTTP/1.1 429\nRetry-After: 3\n\n{"error": {"code": "insufficient_quota"}}', "none", NEVER, None),
        ('429\n\n{"error": {"type": "insufficient_quota", "code": null}}', "none", NEVER, None),
        ("HTTP/1.1 529", "bare", YES, None),
        ("HTTP/2 504", "none", YES, None),
        ("HTTP/2 504", "keyed", YES, None),
        ("HTTP/2 504", "bare", CAREFUL, None),
        ("HTTP/1.1 400", "none", NEVER, None),
        ("HTTP/1.1 418", "none", NEVER, None),
        ("HTTP/1.1 599", "bare", CAREFUL, None),
        ("HTTP/1.1 200 OK", "none", NEVER, None),
        ("nonsense", "none", CAREFUL, None),
    ],
)
def test_decisions(raw: str, effect: str, retry: str, floor: float | None) -> None:
    decision = decide(parse(raw), effect)
    assert (decision.retry, decision.floor) == (retry, floor) and decision.why


def test_every_code_has_a_meaning_and_a_reason() -> None:
    assert all(meaning and retry in (YES, NEVER, CAREFUL) and why for meaning, retry, why in RULES.values())


@given(st.text(max_size=500), st.sampled_from(["none", "keyed", "bare"]))
def test_whatever_is_pasted_is_read_without_an_error(raw: str, effect: str) -> None:
    assert decide(parse(raw), effect).why
    assert parse("HTTP/1.1 500\n\n" + "[" * 5000).status == 500
