"""The tokenizers against tiktoken: the same ranks, its own patterns, its own merge loop in Rust."""

import random
from functools import cache
from pathlib import Path

import pytest
import regex
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tiktoken_reference import theirs

from demos_py.algorithms import tokenization
from demos_py.algorithms.bpe import encode_piece
from wasm import tokenizers
from wasm.assets import AssetError

ENCODINGS = ("cl100k_base", "o200k_base")


@cache
def ours(name: str) -> tokenization.Encoding:
    return tokenization.read(tokenizers.pack(name))


# What random text is put together from: pieces that the patterns treat in ways of their own, and letters,
# marks, numbers and signs of many scripts.
WORDS = """
's 'S 't 'T 're 'RE 'Re 've 'VE 'll 'Ll 'd 'D 'm 'M 'ſ ' ’s ’ 'K ll re
the The THE of ing Tokenization strawberry camelCase XMLHttp McDonald don't I'll we'VE
0 1 23 456 7890 3.14 ½ ² Ⅷ ٣ ५ 一 ๔
. , ! ? - -- — … / // /* */ " ( ) {} [] <> == != += $ € % # @ & * _ __ ~ ` ^ | <|endoftext|>
é e\u0301 A\u0301 AB\u0301C B\u0301c \u0301 É ß ẞ Ǆ ǅ ǆ ﬁ İ ı œ ñ Å ᵃ ʰ ª º K
привет Мир Ё й щ ЖЖ ів
السلام عليكم كِتَاب لا ﷺ ـ
שלום עִבְרִית ״ ־
नमस्ते हिन्दी क्ष ि ् ।
สวัสดี ที่ ำ ๆ ฿
漢字 食 中文 。 、 々 ひらがな カタカナ ー 한국어 각 ᄀ\u1161
🙂 👩‍🚀 👨‍👩‍👧‍👦 🇫🇷 👍🏽 ❤️ 🍓 1️⃣ 𝔘 𐐀 𐐨 𞤀 𠀀 𝟘 \ue000 \U0010ffff \u0378
a b c s t r é я ا
"""
WHITE = ("\n", "\r", "\r\n", "\n\n", "\t", "\v", "\x1c", "\x85", "\xa0", "\u2028", "\u3000", "\ufeff", "\x00")
FRAGMENTS = (
    *WHITE,
    " ",
    "  ",
    "   ",
    " \n",
    "\n ",
    "\t ",
    "  \n  ",
    "\u200b",
    "\u200d",
    "\x7f",
    "\\",
    *WORDS.split(),
)


@st.composite
def texts(draw: st.DrawFn) -> list[str]:
    """Many texts from one draw of bytes, for a draw of each letter would take longer than the rest.

    A byte names a fragment, or says that one random character follows, or ends a text.
    """
    data = iter(draw(st.binary(min_size=2500, max_size=3000)))
    made, text = [], ""
    for byte in data:
        if byte < len(FRAGMENTS):
            text += FRAGMENTS[byte]
        elif byte < 226:
            low, high = next(data, 0), next(data, 0)
            code = low | high << 8 if byte % 2 else 0x10000 + (low << 12 | high << 4 | byte % 16) % 0x20000
            text += chr(code) if not 0xD800 <= code < 0xE000 else ""
        else:
            made.append(text)
            text = ""
    return [*made, text]


def test_the_random_texts_are_what_they_should_be() -> None:
    assert len(FRAGMENTS) < 225 and len(set(FRAGMENTS)) > 185


@pytest.mark.slow
def test_ten_thousand_texts() -> None:
    compared = 0

    @settings(max_examples=50, phases=[Phase.generate])  # the text that fails is named, so none is shrunk
    @given(texts())
    def compare(made: list[str]) -> None:
        nonlocal compared
        for name in ENCODINGS:
            expected = theirs(name).encode_ordinary_batch(made, num_threads=1)
            for text, ids in zip(made, expected, strict=True):
                assert ours(name).encode(text) == ids, (name, ascii(text))
        compared += len(made)

    compare()
    assert compared > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODINGS)
def test_the_pieces(name: str) -> None:
    """The first cut alone, which the tokens do not always tell, by the regex module and tiktoken's pattern."""
    pattern = regex.compile(theirs(name)._pat_str)

    @settings(max_examples=200)
    @given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
    def compare(text: str) -> None:
        assert ours(name).pieces(text) == pattern.findall(text)

    compare()


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_the_pieces_and_the_tokens_give_the_text_back(text: str) -> None:
    for name in ENCODINGS:
        encoding = ours(name)
        assert "".join(encoding.pieces(text)) == text
        assert encoding.decode(encoding.encode(text)) == text


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_edges_of_every_class(name: str) -> None:
    """Around each place where the kind of character changes, in contexts where the kind decides the cut."""
    starts, _ = tokenizers.kinds()
    codes = sorted({code + by for code in starts for by in (-1, 0)} | set(range(256)))
    some = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
    text = "".join(f"\nb{c}a {c}B  {c}1 '{c}.{c}{c}\t" for c in some)
    assert ours(name).encode(text) == theirs(name).encode_ordinary(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000,
        "ab" * 5_000,
        " " * 10_000,
        " " * 9_999 + "x",
        "\n" * 10_000,
        " \n" * 5_000,
        "A" * 10_000,
        "é" * 10_000,
        "食" * 10_000,
        "🍓" * 10_000,
        "0" * 10_000,
        "'s" * 5_000,
        "!" * 10_000,
        "̀" * 10_000,
        "".join(random.Random(1).choices("etaoinshrdlu", k=10_000)),
    ],
    ids=lambda text: f"{text[:2]!a}…{text[-1]!a}",
)
@pytest.mark.parametrize("name", ENCODINGS)
def test_ten_thousand_characters(name: str, text: str) -> None:
    assert ours(name).encode(text) == theirs(name).encode_ordinary(text)


def test_known_ids() -> None:
    """From the OpenAI cookbook, “How to count tokens with tiktoken”: 'tiktoken is great!' in cl100k_base."""
    assert ours("cl100k_base").encode("tiktoken is great!") == [83, 1609, 5963, 374, 2294, 0]
    assert len(ours("o200k_base").tokens) == 199_998 and len(ours("cl100k_base").tokens) == 100_256


def test_a_special_token_is_text() -> None:
    for name in ENCODINGS:
        assert len(ours(name).encode("<|endoftext|>")) > 1


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_token_is_read(name: str) -> None:
    encoding = ours(name)
    assert list(encoding.tokens) == tokenizers.tokens(name)
    assert len(encoding.ranks) == len(encoding.tokens)
    # and the loop finds most tokens from their bytes alone, as tiktoken's does
    for token in random.Random(2).sample(range(len(encoding.tokens)), 500):
        found = encode_piece(encoding.tokens[token], encoding.ranks)
        assert b"".join(encoding.tokens[part] for part in found) == encoding.tokens[token]


def test_ranks_that_are_not_openais_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (tokenizers.PACKAGE / "o200k_base.tiktoken").read_bytes()
    (tmp_path / "o200k_base.tiktoken").write_bytes(data + b"eA== 200000\n")
    monkeypatch.setattr(tokenizers, "PACKAGE", tmp_path)
    with pytest.raises(AssetError, match="not OpenAI's"):
        tokenizers.tokens("o200k_base")


def test_half_a_surrogate_pair() -> None:
    with pytest.raises(UnicodeEncodeError):
        ours("o200k_base").encode("a\ud800")
    assert tokenization.well_formed("a\ud800b\ud83c\udf53") == "a\ufffdb🍓"
