"""The pictures of the figures, for where a link to one is shown."""

import struct
import subprocess
import sys
from pathlib import Path

from tests.browser.serving import site_folder
from wasm.embeds import CARD_SIZE


def make_cards(site: Path) -> None:
    """As the build makes them: in a process of their own, since one process drives its browsers in one way only."""
    subprocess.run([sys.executable, "-m", "wasm.cards", str(site)], check=True, timeout=120)


def test_a_card_shows_its_figure_and_no_other(tmp_path: Path) -> None:
    names = ("sampling/distribution", "kv-cache/allocator", "anatomy/bpe-train")
    (tmp_path / "assets").symlink_to(site_folder() / "assets")
    for name in names:
        (tmp_path / "embed" / name).mkdir(parents=True)
        page = (site_folder() / "embed" / name / "index.html").read_bytes()
        (tmp_path / "embed" / name / "index.html").write_bytes(page)
    make_cards(tmp_path)
    cards = [(tmp_path / "embed" / name / "card.png").read_bytes() for name in names]
    for card in cards:
        assert card[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", card[16:24]) == CARD_SIZE
        assert len(card) > 20_000, "a blank picture is a tenth of that"
    assert len(set(cards)) == len(names)
    # a second time it is the same picture, so a build can be repeated
    make_cards(tmp_path)
    assert [(tmp_path / "embed" / name / "card.png").read_bytes() for name in names] == cards
