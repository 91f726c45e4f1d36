"""The minutes of a chapter are its words and its figures, and nothing else of its Markdown."""

import pytest

from demos_py.core.markdown.reading_time import MINUTES_A_FIGURE, WORDS_A_MINUTE, minutes, words


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("One two three.", 3),
        ("don’t, top-p and 8,192 or 2.8", 6),
        ("---\ntitle: Not these\n---\n\nOnly two", 2),
        ("Before\n\n```python\nnot = this\n```\n\nafter", 2),
        ("Before\n\n~~~~\n~~~\nnot this\n~~~~\n\nafter", 2),
        ("    ```yaml\n    in: a list\n    ```\nafter", 1),
        ("| Not | this |\n|---|---|\n| nor | this |\n\nbut this", 2),
        ("/// demo | sampling/draws?n=7\nA caption.\n///", 2),
        ("/// predict | sampling/draws : lost\n    choices: [1, 2]\n\nHow many?\n///", 2),
        ("[a link](https://example.org/not/this) and <b>bold</b>", 4),
        ("### Heading { #not-this }\n\n*word*{ .cw-term data-k=kept }", 2),
        ("It is {{ sampling/draws?n=100 : expected share }} here", 4),
        ("Let $p_i + q$ be\n\n$$\n\\frac{a}{b}\n$$\n\nso", 5),
        ("Costs $5", 2),
        ("Größe 温度 température", 3),
        ("", 0),
    ],
)
def test_words_are_those_that_are_read(text: str, wanted: int) -> None:
    assert words(text) == wanted


def test_minutes_are_words_and_figures_to_the_nearest() -> None:
    text = "word " * WORDS_A_MINUTE
    assert minutes("one") == minutes("") == 1
    assert minutes(text * 4) == 4
    assert minutes(text * 4 + "word " * 100) == 4
    assert minutes(text * 4 + "word " * 140) == 5
    figure = "\n\n/// demo | sampling/draws\n///\n"
    assert minutes(text * 4 + figure * 3) == 4 + 3 * MINUTES_A_FIGURE
    assert minutes(text * 4 + f"\n\n```\n{figure}```\n") == 4, "a figure in an example is none"
