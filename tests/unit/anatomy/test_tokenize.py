"""The figure of two real tokenizers, against tiktoken and against a count by hand."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import HOSTILE
from tiktoken_reference import theirs

from demos_py.anatomy import tokenize
from demos_py.anatomy.tokenize import Params, State
from demos_py.core import sessions
from demos_py.core.demo import Event, View, find, finished
from demos_py.core.render import render_parts
from wasm import tokenizers

NAMES = ("o200k_base", "cl100k_base")
packed = cache(tokenizers.pack)


@pytest.fixture(autouse=True, scope="module")
def files() -> Iterator[None]:
    """The files as they are packed now, without a build."""

    async def load(name: str) -> bytes:
        return packed(name.removeprefix("tokenizers/").removesuffix(".ranks"))

    usual, sessions.load = sessions.load, load
    yield
    sessions.load = usual


def shown(params: Params) -> tuple[State, View]:
    state = finished(tokenize.init(params))
    return state, tokenize.view(params, state)


def test_the_default() -> None:
    params = Params()
    state, view = shown(params)
    for name, made in zip(NAMES, state.cuts, strict=True):
        ids = theirs(name).encode_ordinary(params.text)
        assert made.encoding == name and made.count == len(ids) == int(view.facts[f"tokens {name[:-5]}"])
        assert [token for piece in made.pieces for token, _ in piece] == ids
    assert [int(row[2]) for row in view.table.rows] == theirs("o200k_base").encode_ordinary(params.text)
    assert view.facts["word ids o200k"] == "302, 1618, 19772"
    assert view.facts["word pieces o200k"] == "st + raw + berry" and view.facts["letters"] == "3"
    assert view.drawing["detail"]["holds"] == "1 whole character and bytes 1–3 of the 4 of 🍓 (U+1F353)"
    assert "**13 tokens**" in view.reading and not view.notices


def test_the_facts_about_the_languages_and_the_chunks() -> None:
    facts = shown(Params())[1].facts
    for name in NAMES:
        short, reference = name[:-5], theirs(name)
        assert facts[f"vocabulary {short}"] == f"{len(reference._mergeable_ranks):,}"
        assert facts[f"digits {short}"] == str(len(reference.encode_ordinary("1234567890"))) == "4"
        assert reference.encode_ordinary("tion") == [int(facts[f"id tion {short}"])]
        assert reference.encode_ordinary(" the") == [int(facts[f"id the {short}"])]
        english = len(reference.encode_ordinary(tokenize.SAMPLES["english"][1]))
        for key, (_, sentence) in tokenize.SAMPLES.items():
            count = len(reference.encode_ordinary(sentence))
            assert facts[f"{key} {short}"] == str(count)
            assert facts[f"{key} times english {short}"] == f"{count / english:.1f}"
            assert facts[f"{key} bytes per token {short}"] == f"{len(sentence.encode()) / count:.2f}"


texts = st.text(st.sampled_from("ab r\n🍓éี") | st.characters(exclude_categories=["Cs"]), max_size=30)


@given(texts, texts.filter(lambda text: len(text) <= 40), st.sampled_from(NAMES))
def test_what_is_drawn(written: str, word: str, name: str) -> None:
    params = Params(text=written, word=word, letter="r", encoding=name)
    _, view = shown(params)
    drawn = [token for piece in view.drawing["pieces"] for token in piece]
    assert [place for place, *_ in drawn] == list(range(len(drawn)))
    assert [token for _, token, _, _ in drawn] == theirs(name).encode_ordinary(written)
    assert bytes.fromhex("".join(data for *_, data in drawn)) == written.encode()
    for row in view.drawing["spelling"]:
        lead = " " if row["how"] == "after a space" else ""
        ids = theirs(row["encoding"]).encode_ordinary(lead + word)
        assert [token["id"] for token in row["tokens"]] == ids
        assert sum(row["inside"]) == word.count("r")  # one byte cannot lie in two tokens
        for token in row["tokens"]:
            assert not token["parts"] or "".join(part for part, _ in token["parts"]) == token["text"]


@settings(max_examples=100)
@given(st.text(st.sampled_from("aé食🍓"), min_size=1, max_size=6), st.data())
def test_what_the_bytes_hold(written: str, data: st.DataObject) -> None:
    size = len(written.encode())
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start + 1, size))
    owner = [at for at, c in enumerate(written) for _ in c.encode()]
    inside = {at: owner[start:end].count(at) for at in set(owner[start:end])}
    whole = sum(n == len(written[at].encode()) for at, n in inside.items())
    words = tokenize.contents(written, start, end)
    assert words.startswith(f"{whole} whole character") == (whole > 0)
    assert words.count(" of the ") == len(inside) - whole


def test_a_letter_in_two_tokens_is_not_counted_in_either() -> None:
    _, view = shown(Params(word="🍓", letter="🍓"))
    assert view.drawing["hits"] == 1
    assert sum(view.drawing["spelling"][0]["inside"]) == 0


@pytest.mark.parametrize("text", [*HOSTILE, "a\ud800b", "<!--", "\u202e\u2066abc", "`**`", "\x1d\x1e\x1f"])
def test_hostile_texts(text: str) -> None:
    for name in NAMES:
        params = Params(text=text, word=text[:40], letter=text[:1], encoding=name)
        _, view = shown(params)
        parts = render_parts(find("anatomy/tokenize"), params, view, "t")
        assert "<script" not in "".join(parts.values())
        assert all(len(row) == len(view.table.columns) for row in view.table.rows)
        assert not {"\x1d", "\x1e", "\x1f"} & set("".join(itertools.chain(*view.table.rows)))
        assert ("surrogate" in " ".join(view.notices)) == ("\ud800" in text)
        if not text:
            assert "no text" in view.reading and "Give a word" in view.notices[0]


@pytest.mark.parametrize("text", ["a" * 20_000, "🍓 " * 9_000, "The quick brown fox " * 900])
def test_long_texts(text: str) -> None:
    params = Params(text=text)
    state, view = shown(params)
    kept = text[: tokenize.LONGEST]
    for name, made in zip(NAMES, state.cuts, strict=True):
        assert made.count == len(theirs(name).encode_ordinary(kept))
    assert len(view.table.rows) == sum(map(len, view.drawing["pieces"])) == tokenize.DRAWN
    assert "only the first 10,000" in view.notices[0] and "first 200 of" in view.notices[1]


def test_the_buttons() -> None:
    params = Params()
    state, _ = shown(params)
    _, picked = finished(tokenize.update(params, state, Event("pick", "0")))
    assert tokenize.view(params, picked).drawing["detail"]["text"] == "Count"
    for value in ("-1", "x", "", "²", "9" * 5000):
        _, after = finished(tokenize.update(params, state, Event("pick", value)))
        tokenize.view(params, after)
    asked, after = finished(tokenize.update(params, state, Event("sample", "thai")))
    assert asked == replace(params, text=tokenize.SAMPLES["thai"][1])
    assert str(after.cuts[0].count) == tokenize.view(asked, after).facts["thai o200k"]
    assert finished(tokenize.update(params, state, Event("sample", "klingon"))) == (params, state)
