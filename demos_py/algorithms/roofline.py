"""How long a pass of a decoder takes on a GPU: what must be read, or what must be computed, whichever is longer.

Source: Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance model".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    """A model on some GPUs.

    `parameters` that a token uses; `weights` and `cache` in bytes, the cache of one request; `bandwidth` in bytes a
    second and `compute` in operations a second, of all GPUs together, as far as they are reached.
    """

    parameters: float
    weights: float
    cache: float
    bandwidth: float
    compute: float

    def reading(self, batch: float) -> float:
        """Seconds to read the weights once and the caches of `batch` requests."""
        return (self.weights + batch * self.cache) / self.bandwidth

    def computing(self, tokens: float) -> float:
        """Seconds to compute `tokens` tokens, 2 operations a parameter each."""
        return 2 * self.parameters * tokens / self.compute

    def pass_time(self, batch: float, each: float = 1) -> float:
        """Seconds of one pass in which each of `batch` requests computes `each` tokens."""
        return max(self.reading(batch), self.computing(batch * each))

    def knee(self) -> float | None:
        """The batch at which computing takes as long as reading; None where reading the caches always takes longer."""
        slope = 2 * self.parameters / self.compute - self.cache / self.bandwidth
        return self.weights / self.bandwidth / slope if slope > 0 else None
