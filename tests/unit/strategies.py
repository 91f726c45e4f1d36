"""Random settings for any figure, made from its controls' bounds by decimal arithmetic, not by their parser."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from demos_py.core.demo import find
from demos_py.core.params import Arrangement, Choice, Control, Number, Numbers, Text, controls

DEMOS = (
    "anatomy/attention-temperature",
    "anatomy/bpe-train",
    "anatomy/build-a-model",
    "anatomy/compute-economy",
    "anatomy/four-splits",
    "anatomy/next-token",
    "anatomy/pipeline-bubble",
    "anatomy/post-training",
    "anatomy/tokenize",
    "guide/pass-at-k",
    "kv-cache/allocator",
    "kv-cache/eviction",
    "kv-cache/kv-quant",
    "kv-cache/size-calculator",
    "kv-cache/with-and-without",
    "mcp-a2a/injection",
    "mcp-a2a/lifecycle",
    "mcp-a2a/mcp-vs-a2a",
    "mcp-a2a/transports",
    "rate-limits/aimd",
    "rate-limits/backoff",
    "rate-limits/hedging",
    "rate-limits/retry-storm",
    "rate-limits/status-codes",
    "rate-limits/three-limits",
    "sampling/distribution",
    "sampling/draws",
    "sampling/order-matters",
    "sampling/seed-lie",
    "sampling/vocabulary",
    "speculative-decoding/batch-knee",
    "speculative-decoding/timeline",
    "speculative-decoding/verify",
    "speculative-decoding/when-it-loses",
    "transformer/forward-pass",
    "transformer/mlp-neurons",
    "transformer/pick-a-query",
    "transformer/residual-stream",
    "transformer/rope",
)
HOSTILE = (
    "",
    "</script><script>alert(1)</script>",
    "🙂 Paris 🇫🇷",
    "a&b=c;d#e?f%20+",
    "\x00\t\n",
    "\"'<!--",
    "{{ x }}{% y %}",
)


def grid(low: float, high: float, step: float) -> st.SearchStrategy[float]:
    """The numbers low, low + step, ... up to high, each the double nearest to its decimal."""
    start, end, by = (Decimal(str(number)) for number in (low, high, step))
    return st.integers(0, int((end - start) / by)).map(lambda i: float(start + i * by))


def value(control: Control) -> st.SearchStrategy[Any]:
    """Values that the control allows."""
    match control:
        case Numbers():
            one = grid(control.low, control.high, control.step)
            return st.lists(one, min_size=len(control.names), max_size=len(control.names)).map(tuple)
        case Number():
            one = grid(control.low, control.high, control.step)
            return one.map(int) if isinstance(control.default, int) else one
        case Text():
            written = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
            found = st.sampled_from(HOSTILE) | written.map(lambda text: text.replace("\r", ""))
            return found.map(lambda text: text[: control.limit])
        case Choice():
            return st.sampled_from(list(control.options))
        case Arrangement():
            return st.permutations(list(control.options)).map(tuple)
    raise TypeError(f"no strategy for {control!r}")


def params(demo_id: str, **fixed: Any) -> st.SearchStrategy[Any]:
    """Settings of one figure, each control random within its range; `fixed` ones stay."""
    demo = find(demo_id)
    free = {name: value(control) for name, control in controls(demo.params).items() if name not in fixed}
    return st.fixed_dictionaries(free).map(lambda found: replace(demo.params(), **found, **fixed))


def settings_of_any() -> st.SearchStrategy[tuple[str, Any]]:
    """A figure's id and settings of it; few terms where a figure adds up many, for speed."""
    return st.sampled_from(DEMOS).flatmap(
        lambda demo_id: st.tuples(
            st.just(demo_id), params(demo_id, **({"terms": "64"} if demo_id == "sampling/seed-lie" else {}))
        )
    )
