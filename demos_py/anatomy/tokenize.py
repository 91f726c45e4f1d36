"""A text cut by two real tokenizers, with the ids and the bytes that a model gets instead of letters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from demos_py.algorithms.bpe import hexed, legible
from demos_py.algorithms.tokenization import Encoding, read, well_formed
from demos_py.core import sessions
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice
from demos_py.core.params import text as writing

TITLE = "A text, and what the model gets of it"
ENCODINGS = {
    "o200k_base": "o200k_base (GPT-4o)",
    "cl100k_base": "cl100k_base (GPT-4)",
}
LONGEST = 10_000  # characters that are cut; the control takes more, so that a long paste is not refused whole
DRAWN = 200  # tokens
WORD, LETTER = 40, 8  # characters: the beginning of what was written there counts
# Article 1 of the Universal Declaration of Human Rights (1948), its first sentence, in the United Nations'
# own translations. It names a language and the sentence.
SAMPLES = {
    "english": ("English", "All human beings are born free and equal in dignity and rights."),
    "german": ("German", "Alle Menschen sind frei und gleich an Würde und Rechten geboren."),
    "russian": ("Russian", "Все люди рождаются свободными и равными в своем достоинстве и правах."),
    "arabic": ("Arabic", "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق."),
    "hindi": (
        "Hindi",
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    ),
    "thai": ("Thai", "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ"),
    "chinese": ("Chinese", "人人生而自由，在尊严和权利上一律平等。"),
}
CHUNKS = ("tion", "ing", " the", "1234567890", "𓂀")  # for the facts


@dataclass(frozen=True)
class Params:
    text: str = writing("Count the r's in strawberry. 🍓 สวัสดี", label="Text", rows=4, limit=2 * LONGEST)
    encoding: str = choice("o200k_base", options=ENCODINGS, label="Drawn with")
    word: str = writing("strawberry", label="Word to spell", rows=1)
    letter: str = writing("r", label="Letter to count", rows=1)


Token = tuple[int, bytes]


@dataclass(frozen=True)
class Cut:
    """What one encoding makes of the text: how many tokens, and the first of them, piece by piece."""

    encoding: str
    vocabulary: int
    count: int
    pieces: tuple[tuple[Token, ...], ...]
    word: tuple[tuple[str, tuple[Token, ...]], ...]  # how the word stands, and its tokens
    samples: Mapping[str, int]  # how many tokens each sentence of SAMPLES has
    chunks: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class State:
    text: str  # what was cut: at most LONGEST characters, each in whole
    cuts: tuple[Cut, ...]
    picked: int = 0  # which token is drawn large, by its place in the text


@cache
def _read(data: bytes) -> Encoding:
    return read(data)


def cut(encoding: Encoding, written: str, word: str) -> Cut:
    """One encoding's answer."""

    def named(ids: Sequence[int]) -> tuple[Token, ...]:
        return tuple((token, encoding.tokens[token]) for token in ids)

    pieces, drawn, count = [], 0, 0
    for piece in encoding.pieces(written):
        ids = encoding.encode_piece(piece)
        if drawn < DRAWN:
            pieces.append(named(ids[: DRAWN - drawn]))
            drawn += len(ids)
        count += len(ids)
    return Cut(
        encoding.name,
        len(encoding.tokens),
        count,
        tuple(pieces),
        (
            ("on its own", named(encoding.encode(word))),
            ("after a space", named(encoding.encode(f" {word}"))),
        ),
        {key: len(encoding.encode(sentence)) for key, (_, sentence) in SAMPLES.items()},
        {chunk: tuple(encoding.encode(chunk)) for chunk in CHUNKS},
    )


async def init(params: Params) -> State:
    """Cut the text by both encodings; a token that is no whole character is picked, if there is one."""
    written = well_formed(params.text[:LONGEST])
    encodings = [_read(await sessions.load(f"tokenizers/{name}.ranks")) for name in ENCODINGS]
    state = State(
        written, tuple(cut(encoding, written, well_formed(params.word[:WORD])) for encoding in encodings)
    )
    drawn = tokens_drawn(params, state)
    partial = (at for at, (_, data) in enumerate(drawn) if legible(data) is None)
    return replace(state, picked=next(partial, 0))


async def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """A token was picked, or a sample is to be the text."""
    if event.name == "pick" and event.value.isdecimal():
        last = len(tokens_drawn(params, state)) - 1
        return params, replace(state, picked=max(0, min(int(event.value[:6]), last)))
    if event.name == "sample" and event.value in SAMPLES:
        params = replace(params, text=SAMPLES[event.value][1])
        return params, await init(params)
    return params, state


def chosen(params: Params, state: State) -> Cut:
    return next(cut for cut in state.cuts if cut.encoding == params.encoding)


def tokens_drawn(params: Params, state: State) -> list[Token]:
    return list(itertools.chain.from_iterable(chosen(params, state).pieces))


def ratio(whole: float, parts: int) -> str:
    return f"{whole / parts:.2f}" if parts else "–"


def plural(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def contents(written: str, start: int, end: int) -> str:
    """What the bytes from `start` to `end` of a text's UTF-8 are, in words."""
    at, whole, parts = 0, 0, []
    for character in written:
        size = len(character.encode())
        first, last = max(start, at), min(end, at + size)
        if last - first == size:
            whole += 1
        elif last > first:
            which = f"byte {first - at + 1}" if last - first == 1 else f"bytes {first - at + 1}–{last - at}"
            parts.append(f"{which} of the {size} of {legible(character.encode())} (U+{ord(character):04X})")
        at += size
        if at >= end:
            break
    return " and ".join(([plural(whole, "whole character")] if whole else []) + parts)


def spelled(data: bytes, letter: str) -> list[tuple[str, bool]]:
    """A token's text in stretches: what is the letter, and what is not. Empty where it is no whole text."""
    shown = legible(data)
    if shown is None or not letter or letter not in shown:
        return []
    rest = [(part, False) for part in shown.split(letter)]
    between = [(letter, True)] * (len(rest) - 1)
    mixed = [item for pair in itertools.zip_longest(rest, between) for item in pair if item]
    return [(part, hit) for part, hit in mixed if part]


def spelling(state: State, letter: str) -> list[dict[str, Any]]:
    """For both encodings, the word alone and after a space: its tokens, and the letter inside each."""
    rows = []
    for made in state.cuts:
        for how, word in made.word:
            inside = [data.decode(errors="replace").count(letter) if letter else 0 for _, data in word]
            rows.append(
                {
                    "encoding": made.encoding,
                    "how": how,
                    "count": plural(len(word), "token"),
                    "tokens": [
                        {
                            "id": token,
                            "text": legible(data),
                            "hex": hexed(data),
                            "parts": spelled(data, letter),
                        }
                        for token, data in word
                    ],
                    "inside": inside,
                }
            )
    return rows


def quoted(words: str) -> str:
    """A word in the reading: as a token, unless its signs would be taken for marks there."""
    short = words if len(words) <= 24 else f"{words[:23]}…"
    return f"“{short}”" if "`" in short or "*" in short or not short.isprintable() else f"`{short}`"


def view(params: Params, state: State) -> View:
    made, drawn = chosen(params, state), tokens_drawn(params, state)
    other = next(cut for cut in state.cuts if cut is not made)
    characters, size = len(state.text), len(state.text.encode())
    word, letter = well_formed(params.word[:WORD]), well_formed(params.letter[:LETTER])
    hits = word.count(letter) if letter else 0
    alone = made.word[0][1]

    if drawn:
        reading = (
            f"{made.encoding} cuts {plural(characters, 'character')}, {plural(size, 'byte')}, into "
            f"**{plural(made.count, 'token')}**; {other.encoding} into {other.count:,}. "
        )
    else:
        reading = "There is no text, so there are no tokens. "
    if word and letter:
        numbers = ", ".join(str(token) for token, _ in alone[:6]) + ", …" * (len(alone) > 6)
        reading += (
            f"There are {hits} of {quoted(letter)} in {quoted(word)}, but the model gets "
            f"**{numbers}**: {plural(len(alone), 'number')}, and no letters."
        )

    notices = []
    if len(params.text) > LONGEST:
        notices.append(
            f"The text has {len(params.text):,} characters; only the first {LONGEST:,} were cut into tokens."
        )
    if any(well_formed(text) != text for text in (params.text, params.word, params.letter)):
        notices.append(
            "Half a surrogate pair is no character and has no bytes; it was replaced by U+FFFD, �."
        )
    if len(params.word) > WORD or len(params.letter) > LETTER:
        notices.append(f"The first {WORD} characters of the word and {LETTER} of the letter were taken.")
    if made.count > len(drawn):
        notices.append(
            f"The first {len(drawn)} of {made.count:,} tokens are drawn and listed; the counts hold for all."
        )
    if not word or not letter:
        notices.append("Give a word and a letter to see which of the word’s tokens hold it.")

    ends = list(itertools.accumulate(len(data) for _, data in drawn))
    table = Table(
        caption=f"The tokens of {made.encoding} in order",
        columns=("No.", "Token", "Id", "Bytes in hex", "Bytes", "Starts at byte"),
        rows=tuple(
            (
                str(at + 1),
                (legible(data) or "–").replace("\n", "\\n").replace("\t", "\\t").replace(" ", "␣"),
                str(token),
                hexed(data[:24]) + " …" * (len(data) > 24),
                str(len(data)),
                str(ends[at] - len(data)),
            )
            for at, (token, data) in enumerate(drawn)
        )
        or (("–",) * 6,),
    )
    at = min(state.picked, len(drawn) - 1)
    places = itertools.count()
    drawing = {
        "pieces": [
            [(next(places), token, legible(data), hexed(data)) for token, data in piece]
            for piece in made.pieces
        ],
        "made": made,
        "picked": at,
        "detail": {
            "id": drawn[at][0],
            "text": legible(drawn[at][1]),
            "bytes": hexed(drawn[at][1][:24]) + " …" * (len(drawn[at][1]) > 24),
            "size": plural(len(drawn[at][1]), "byte"),
            "holds": contents(state.text, ends[at] - len(drawn[at][1]), ends[at]),
        }
        if drawn
        else None,
        "compared": [
            (
                cut.encoding,
                f"{cut.count:,}",
                ratio(size, cut.count),
                f"{cut.vocabulary:,}",
            )
            for cut in state.cuts
        ],
        "samples": [(key, name, sentence == params.text) for key, (name, sentence) in SAMPLES.items()],
        "spelling": spelling(state, letter) if word else [],
        "letter": letter,
        "hits": hits,
    }
    return View(
        reading=reading.rstrip(),
        table=table,
        drawing=drawing,
        facts=facts(state, characters, size, hits),
        notices=tuple(notices),
    )


def facts(state: State, characters: int, size: int, hits: int) -> dict[str, str]:
    """Every number of the figure for the prose; `o200k` and `cl100k` name the encoding."""
    found = {"characters": f"{characters:,}", "bytes": f"{size:,}", "letters": str(hits)}
    for made in state.cuts:
        short = made.encoding.removesuffix("_base")
        alone, spaced = (word for _, word in made.word)
        english = made.samples["english"]
        found |= {
            f"tokens {short}": f"{made.count:,}",
            f"bytes per token {short}": ratio(size, made.count),
            f"characters per token {short}": ratio(characters, made.count),
            f"vocabulary {short}": f"{made.vocabulary:,}",
            f"word tokens {short}": str(len(alone)),
            f"word pieces {short}": " + ".join(legible(data) or hexed(data) for _, data in alone) or "–",
            f"word ids {short}": ", ".join(str(token) for token, _ in alone) or "–",
            f"spaced word tokens {short}": str(len(spaced)),
            f"spaced word ids {short}": ", ".join(str(token) for token, _ in spaced) or "–",
            f"digits {short}": str(len(made.chunks["1234567890"])),
            f"hieroglyph {short}": str(len(made.chunks["𓂀"])),
        }
        for chunk in ("tion", "ing", " the"):
            found[f"id{chunk if chunk[0] == ' ' else ' ' + chunk} {short}"] = str(made.chunks[chunk][0])
        for key, (_, sentence) in SAMPLES.items():
            count = made.samples[key]
            found |= {
                f"{key} {short}": str(count),
                f"{key} times english {short}": f"{count / english:.1f}",
                f"{key} bytes per token {short}": ratio(len(sentence.encode()), count),
            }
    found |= {f"{key} characters": str(len(sentence)) for key, (_, sentence) in SAMPLES.items()}
    return found | {f"{key} bytes": str(len(sentence.encode())) for key, (_, sentence) in SAMPLES.items()}
