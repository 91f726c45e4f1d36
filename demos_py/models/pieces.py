"""How figures write a model's tokens: in a drawing, in a sentence, in a table."""

from __future__ import annotations

from demos_py.algorithms.bpe import hexed, legible


def shown(token: bytes) -> str:
    """A token's text, or its bytes in hex where they are no whole characters."""
    return legible(token) or hexed(token)


def told(piece: str) -> str:
    """A token in a table or a fact, with its white space to be seen."""
    return piece.replace(" ", "␣").replace("\n", "\\n").replace("\t", "\\t")


def named(piece: str) -> str:
    """A token as a word of the prose: without the space before it, unless it is nothing else."""
    return told(piece.strip(" ") or piece)


def marked(piece: str) -> str:
    """A token in the reading: drawn as one, unless its signs would be taken for marks there."""
    return f"“{told(piece)}”" if "`" in piece or "*" in piece else f"`{piece}`"


def counted(amount: int, noun: str, plural: str = "") -> str:
    """An amount and its noun."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def signed(value: float, decimals: int = 2) -> str:
    """A number with a true minus sign, and none before a zero."""
    return f"{round(value, decimals) or 0.0:.{decimals}f}".replace("-", "−")
