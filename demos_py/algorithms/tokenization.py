"""The tokenizers cl100k_base and o200k_base, exactly: the cut into pieces, then byte-pair encoding by ranks.

Both are OpenAI's; tiktoken defines them (tiktoken_ext/openai_public.py) and is what the tests compare with.
A file made by wasm/tokenizers.py holds the tokens in order of rank, and the classes of Unicode characters as
tiktoken's regular expressions see them. Python's own have no classes such as “a letter” and may know another
Unicode version, so each character is first replaced by one that stands for its class; then a plain pattern
cuts. Special tokens, such as <|endoftext|>, are ordinary text here.
"""

from __future__ import annotations

import json
import re
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from demos_py.algorithms.bpe import encode_piece

# What stands for a class beyond ASCII: A and a for letters of either case, ª for those of none, a grave
# accent for marks, 0 for numbers, a tab for white space. Every ASCII character stands for itself.
_LETTER, _UPPER, _LOWER = "A-Za-zª", "A-Zª\u0300", "a-zª\u0300"
_SUFFIX = "(?:'(?i:[sdmt]|re|ve|ll))?"
# As tiktoken writes them, the classes replaced. Its `$` is the very end of the text, here `\Z`.
PATTERNS = {
    "cl100k_base": r"'(?i:[sdmt]|ll|ve|re)"
    rf"|[^\r\n{_LETTER}0-9]?+[{_LETTER}]++"
    r"|[0-9]{1,3}+"
    rf"| ?[^\s{_LETTER}0-9]++[\r\n]*+"
    r"|\s++\Z|\s*[\r\n]|\s+(?!\S)|\s",
    "o200k_base": rf"[^\r\n{_LETTER}0-9]?[{_UPPER}]*[{_LOWER}]+{_SUFFIX}"
    rf"|[^\r\n{_LETTER}0-9]?[{_UPPER}]+[{_LOWER}]*{_SUFFIX}"
    r"|[0-9]{1,3}"
    rf"| ?[^\s{_LETTER}0-9]+[\r\n/]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
}
_REMEMBERED = 20_000  # pieces


class _Stands(dict[int, int]):
    """The character that stands for each code point, looked up among the stretches once and then kept."""

    def __init__(self, starts: Sequence[int], kinds: str) -> None:
        super().__init__((code, code) for code in range(128))
        self.starts, self.kinds = starts, kinds

    def __missing__(self, code: int) -> int:
        found = self[code] = ord(self.kinds[bisect_right(self.starts, code) - 1])
        return found


@dataclass(frozen=True)
class Encoding:
    """A tokenizer; `read` makes one from its file. `tokens[id]` is the bytes of a token."""

    name: str
    tokens: tuple[bytes, ...]
    ranks: dict[bytes, int]
    pattern: re.Pattern[str]
    stands: _Stands
    _known: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])

    def pieces(self, text: str) -> list[str]:
        """The first cut: no token reaches over the end of a piece. The pieces joined are the text."""
        cut: list[str] = []
        at = 0
        for match in self.pattern.finditer(text.translate(self.stands)):
            cut.append(text[at : match.end()])
            at = match.end()
        return cut

    def encode_piece(self, piece: str) -> tuple[int, ...]:
        """The ids of one piece. A piece that is a token as a whole is that token, as in tiktoken."""
        found = self._known.get(piece)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            data = piece.encode()
            whole = self.ranks.get(data)
            found = tuple(encode_piece(data, self.ranks)) if whole is None else (whole,)
            self._known[piece] = found
        return found

    def encode(self, text: str) -> list[int]:
        """The ids of a text's tokens. Raises UnicodeEncodeError on half a surrogate pair."""
        return [token for piece in self.pieces(text) for token in self.encode_piece(piece)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some tokens; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self.tokens[token] for token in ids).decode(errors="replace")


def read(data: bytes) -> Encoding:
    """The tokenizer that a file of wasm/tokenizers.py holds."""
    line, _, body = zlib.decompress(data).partition(b"\n")
    head = json.loads(line)
    # 0xFF parts the tokens, for no UTF-8 holds it; so that one byte as a token is written as nothing.
    tokens = [token or b"\xff" for token in body.split(b"\xff")]
    ranks = dict(zip(tokens, range(len(tokens)), strict=True))
    name = head["encoding"]
    pattern = re.compile(PATTERNS[name], re.ASCII)
    return Encoding(name, tuple(tokens), ranks, pattern, _Stands(head["starts"], head["kinds"]))


def well_formed(text: str) -> str:
    """The text with each half of a surrogate pair, which no UTF-8 can hold, replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
