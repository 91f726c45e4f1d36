"""Several limits at once: which one binds, how much fits, and how long a burst lasts.

A limit is a token bucket that holds `seconds` of its own refill and begins full. Little's law (Little 1961,
"A proof for the queuing formula: L = λW") gives the calls that are open at once.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One limit: what it allows in a minute, and what one call takes of it (the same unit)."""

    name: str
    a_minute: float
    a_call: float

    def share(self, calls: float) -> float:
        """The part of the limit that `calls` a minute take; above 1 it refuses."""
        return calls * self.a_call / self.a_minute

    @property
    def calls(self) -> float:
        """The most calls a minute that it lets through."""
        return self.a_minute / self.a_call

    def lasts(self, calls: float, seconds: float) -> float:
        """Seconds until a steady load of `calls` a minute empties the bucket, which holds `seconds` of refill.

        The bucket falls by (share − 1) seconds of refill each second; at a share of 1 or less it never empties.
        """
        over = self.share(calls) - 1
        return seconds / over if over > 1e-12 else float("inf")


def binding(limits: tuple[Limit, ...]) -> Limit:
    """The limit that lets the fewest calls through."""
    return min(limits, key=lambda limit: limit.calls)


def open_calls(calls: float, latency: float) -> float:
    """Calls open at once, on average, at `calls` a minute of `latency` seconds each (Little's law)."""
    return calls / 60 * latency
