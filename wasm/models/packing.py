"""From documents to rows of tokens: the tokenizer of the corpus, and whole documents packed into rows."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np

from demos_py.algorithms import bpe
from wasm.models.corpus import KINDS, paragraphs

VOCABULARY = 1536  # the bytes, the merges, and one token more that begins and parts documents


def learn_tokenizer(seed: int = 1, documents: int = 16_000) -> bpe.Tokenizer:
    """Byte-level BPE of a sample of the corpus, each kind by its share."""
    chance = random.Random(seed)
    names = list(KINDS)
    picked = chance.choices(names, [KINDS[name][0] for name in names], k=documents)
    text = "\n".join([*(KINDS[name][1](chance) for name in picked), *paragraphs()])
    merges = bpe.train(text, VOCABULARY - 257)
    return bpe.Tokenizer(tuple(bpe.tokens(merges)))


def save_tokenizer(tokenizer: bpe.Tokenizer, path: Path) -> None:
    """Write it as JSON: each token's bytes as the characters of Latin-1, and the id that parts documents."""
    tokens = [token.decode("latin-1") for token in tokenizer.tokens]
    path.write_text(json.dumps({"pattern": tokenizer.pattern, "end": len(tokens), "tokens": tokens}) + "\n")


def load_tokenizer(path: Path) -> bpe.Tokenizer:
    """Read what save_tokenizer wrote."""
    stored = json.loads(path.read_text())
    return bpe.Tokenizer(tuple(token.encode("latin-1") for token in stored["tokens"]), stored["pattern"])


def rows(tokenizer: bpe.Tokenizer, count: int, length: int, seed: int) -> tuple[np.ndarray, Counter[str]]:
    """Rows of whole documents, uint16 [count, length + 1], and the tokens that each kind has in them.

    Each document is preceded by the end token. The kind that is furthest behind its share comes next. A
    document that does not fit waits for the next row, and the rest of a row is filled with end tokens.
    """
    end = len(tokenizer.tokens)
    chance = random.Random(seed)
    made = np.full((count, length + 1), end, np.uint16)
    used: Counter[str] = Counter({name: 1 for name in KINDS})
    waiting: list[list[int]] = []
    for row in made:
        at = 0
        tries = 0
        while tries < 6:
            if waiting and len(waiting[0]) <= length - at:
                ids = waiting.pop(0)
            else:
                name = min(KINDS, key=lambda kind: used[kind] / KINDS[kind][0])
                ids = [end, *tokenizer.encode(KINDS[name][1](chance))][: length + 1]
                used[name] += len(ids)
            if at + len(ids) <= length + 1:
                row[at : at + len(ids)] = ids
                at += len(ids)
            else:
                waiting.append(ids)
                tries += 1
        waiting = waiting[:64]
    return made, used
