"""A small book without a mistake, and what the checks say of one that is planted."""

import re
import shutil
from pathlib import Path

import pytest

from author.book import Book
from author.check import PROSE, problems, tool_says
from wasm.assets import ROOT

CHAPTER = "docs/production/sampling.md"
DATA = "docs/data/prices.yml"
MODULE = "demos_py/sampling/distribution.py"
TEMPLATE = "demos_py/sampling/distribution.html.jinja"
TEST = "tests/unit/sampling/test_distribution.py"
TEXT = """\
---
title: Sampling parameters
number: 8
part: Part III, Production
deck: One claim that can fail.
measure: 20 minutes, one figure
---

The [logit](../glossary.md#logit) is a number, and $p_i = e^{z_i}$ is not yet a probability.

/// predict | sampling/distribution?top_p=0.9 : kept
    choices: [2, 4, 6]

How many tokens are kept?

---

Those that fill the mass.
///

/// demo | sampling/distribution?top_p=0.9
///

/// break-it
1. Keep all. [Set it](#sampling/distribution?top_p=1)
///

/// not-shown
A vocabulary of ten tokens is small.
///

It keeps {{ sampling/distribution?top_p=0.9 : kept }} tokens.

![A drawing of a cut](../assets/cut.svg)

/// data | prices
///

## Check yourself

??? question "One?"

    Yes.

??? question "Two?"

    Yes.

??? question "Three?"

    Yes.

## Read next

The [glossary](../glossary.md).

## Sources

- A. Holtzman and others, [The Curious Case of Neural Text Degeneration](https://arxiv.org/abs/1904.09751), 2020.
"""
GLOSSARY = """\
# Glossary

## logit { #logit }

A number for each token, before the softmax.

## token { #token }

A piece of text, with a [logit](#logit).
"""
PRICES = """\
title: What a token costs
columns:
  - { key: model, label: Model }
  - { key: price, label: Price }
rows:
  - model: A model
    price: 1
    source: { title: Its price list, url: "https://models.example/prices", checked: 2026-11-20 }
"""
SOURCE = """\
    source: { title: Its price list, url: "https://models.example/prices", checked: 2026-11-20 }
"""
NAV = "\nnav:\n  - Chapter: production/sampling.md\n  - Glossary: glossary.md\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The root of a book of one chapter, whose figure is the real one."""
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    files = {
        "mkdocs.yml": re.sub(r"\nnav:\n(?:  .*\n)+", NAV, settings),
        CHAPTER: TEXT,
        DATA: PRICES,
        "docs/glossary.md": GLOSSARY,
        "docs/assets/cut.svg": "<svg/>",
        "demos_py/sampling/__init__.py": "CHAPTER = 8\n",
        MODULE: '"""What is drawn."""\n\nTITLE = "What is drawn"\n',
        TEMPLATE: "{{ tokens }}\n",
        TEST: "from demos_py.sampling import distribution\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    for name in ("overrides", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in PROSE[1:]:
        (tmp_path / name).touch()
    return tmp_path


def test_no_mistake_is_no_problem(book: Path) -> None:
    assert problems(Book(book)) == []
    assert tool_says(book) == ""


# Each: where, what stands there, what is planted in its place (None: the file is taken away), the file and what is said.
MISTAKES = {
    "unknown demo": (CHAPTER, "demo | sampling/distribution", "demo | sampling/distributoin", CHAPTER,
                     "no demo is called “sampling/distributoin”; did you mean “sampling/distribution”"),
    "unknown parameter": (CHAPTER, "demo | sampling/distribution?top_p", "demo | sampling/distribution?topp", CHAPTER, "“topp” is no parameter of this figure; did you mean “top_p”?"),
    "value out of range": (CHAPTER, "(#sampling/distribution?top_p=1)", "(#sampling/distribution?top_p=7)", CHAPTER, "Top-p takes a number from 0 to 1, not “7”"),
    "unknown fact": (CHAPTER, "top_p=0.9 : kept }}", "top_p=0.9 : keeps }}", CHAPTER, "has no fact “keeps”; it has"),
    "truth not among the choices": (CHAPTER, "[2, 4, 6]", "[2, 3, 6]", CHAPTER, "the truth is “4”"),
    "prediction without an answer": (CHAPTER, "---\n\nThose", "Those", CHAPTER, "needs its answer, after a line of `---`"),
    "misspelt block": (CHAPTER, "/// break-it", "/// brake-it", CHAPTER, "is no block that this book knows"),
    "not-shown without a sentence": (CHAPTER, "A vocabulary of ten tokens is small.", "", CHAPTER, "needs a sentence"),
    "a link that sets what is not here": (CHAPTER, "(#sampling/distribution?top_p=1)", "(#sampling/draws?n=10)", CHAPTER,
                                          "sets sampling/draws, which is not on this page: place it"),
    "missing alt text": (CHAPTER, "![A drawing of a cut]", "![]", CHAPTER, "no alternative text: say in words"),
    "missing picture text in HTML": (CHAPTER, "![A drawing of a cut](../assets/cut.svg)", "<img src='../assets/cut.svg'>", CHAPTER,
                                     "no alternative text: say in words"),
    "dead link": (CHAPTER, "[glossary](../glossary.md)", "[glossary](../glosary.md)", CHAPTER,
                  "leads to no file: there is no docs/glosary.md; is docs/glossary.md meant?"),
    "dead anchor": (CHAPTER, "glossary.md#logit", "glossary.md#logits", CHAPTER, "the glossary has no term #logits; did you mean #logit?"),
    "dead anchor on the page": (CHAPTER, "[glossary](../glossary.md)", "[the end](#sorces)", CHAPTER, "has no #sorces; is #sources meant?"),
    "link from the root": (CHAPTER, "(../glossary.md)", "(/glossary/)", CHAPTER, "write it from this file"),
    "plain http": (CHAPTER, "https://arxiv", "http://arxiv", CHAPTER, "is not https"),
    "front matter without a deck": (CHAPTER, "deck: One claim that can fail.\n", "", CHAPTER, "the front matter has no deck"),
    "front matter that is not YAML": (CHAPTER, "deck: One claim that", "deck: One claim: that", CHAPTER, "text with a colon in it needs quotes"),
    "another number than the package": (CHAPTER, "number: 8", "number: 9", "demos_py/sampling/__init__.py", "needs the line CHAPTER = 9"),
    "no check yourself": (CHAPTER, "## Check yourself", "## Questions", CHAPTER, "has no “## Check yourself”"),
    "two questions": (CHAPTER, '??? question "Two?"\n\n    Yes.\n\n', "", CHAPTER, "2 questions of 3: add one"),
    "no sources": (CHAPTER, "## Sources", "## Thanks", CHAPTER, "has no “## Sources”"),
    "left over": (CHAPTER, "A vocabulary of ten", "TODO A vocabulary of ten", CHAPTER, "“TODO” is left over: finish it"),
    "formula": (CHAPTER, "$p_i = e^{z_i}$", "$p_i = e^{z_i$", CHAPTER, "is not one that KaTeX can set"),
    "not in the contents": ("mkdocs.yml", "  - Chapter: production/sampling.md\n", "", CHAPTER,
                            "give it a line under nav in mkdocs.yml"),
    "a figure without a test": (TEST, "", None, MODULE, "has no test: write tests/unit/sampling/test_distribution.py"),
    "a test that imports another": (TEST, "import distribution", "import draws", MODULE, "has no test"),
    "a figure that is not placed": (CHAPTER, "/// demo | sampling/distribution?top_p=0.9\n///\n", "", MODULE, "stands in no chapter"),
    "a figure without a docstring": (MODULE, '"""What is drawn."""\n', "", MODULE, "has no docstring"),
    "a figure without a title": (MODULE, "TITLE =", "HEADING =", MODULE, "has no TITLE"),
    "a figure with a syntax error": (MODULE, "TITLE = ", "TITLE = (", MODULE, "is not Python"),
    "a template that does not parse": (TEMPLATE, "{{ tokens }}", "{% for token in tokens %}", TEMPLATE, "is no template that Jinja can read"),
    "no template": (TEMPLATE, "", None, TEMPLATE, "is not there"),
    "a link to a term that is not there": ("docs/glossary.md", "(#logit)", "(#lgit)", "docs/glossary.md",
                                           "the glossary has no term #lgit; did you mean #logit?"),
    "an entry out of order": ("docs/glossary.md", "## token { #token }", "## bag { #token }", "docs/glossary.md",
                              "put the entries in alphabetical order"),
    "two entries of one anchor": ("docs/glossary.md", "{ #token }", "{ #logit }", "docs/glossary.md", "keep one of the two entries"),
    "an entry without a definition": ("docs/glossary.md", "A number for each token, before the softmax.", "", "docs/glossary.md",
                                      "has no definition"),
    "no table": (DATA, "", None, CHAPTER, "there is no"),
    "a row without a source": (DATA, SOURCE, "", DATA, "source"),
    "an undated price": (DATA, ", checked: 2026-11-20", "", DATA, "needs a source with title, url and checked"),
    "a day to come": (DATA, "2026-11-20", "2126-11-20", DATA, "future"),
    "an address that is none": (DATA, "https://models.example/prices", "models.example", DATA, "url"),
}  # fmt: skip
BY_TOOLS = {
    "a misspelt word": ("one draw", "is a number", "is a numebr", "`numebr` should be `number`"),
    "a heading jumped": ("headings", "## Read next", "#### Read next", "MD001"),
}


def plant(book: Path, name: str, old: str, new: str | None) -> int:
    """Plant a mistake; the line where it is."""
    path = book / name
    if new is None:
        path.unlink()
        return 1
    text = path.read_text("utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_found(book: Path, mistake: str) -> None:
    file, old, new, where, said = MISTAKES[mistake]
    plant(book, file, old, new)
    found = [str(problem) for problem in problems(Book(book))]
    wanted = [problem for problem in found if said in problem and problem.startswith(where or "")]
    assert wanted, f"no “{said}” in {where}:\n" + "\n".join(found)
    assert re.match(r"\S+:\d+: ", wanted[0])


@pytest.mark.parametrize("mistake", BY_TOOLS)
def test_a_mistake_that_other_tools_find(book: Path, mistake: str) -> None:
    _, old, new, said = BY_TOOLS[mistake]
    line = plant(book, CHAPTER, old, new)
    assert f"{CHAPTER}:{line}:" in tool_says(book)
    assert said in tool_says(book)


def test_the_line_is_the_one(book: Path) -> None:
    line = plant(book, CHAPTER, "![A drawing of a cut]", "![]")
    assert [problem.line for problem in problems(Book(book))] == [line]
    shutil.copy(ROOT / CHAPTER, book / CHAPTER)  # another text, so that nothing is kept between two
    assert problems(Book(book))
