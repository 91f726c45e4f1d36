"""A page for each figure alone: whole without a script, with a policy of its own, and the answer for oEmbed."""

import json
import re
from pathlib import Path

import pytest

from demos_py.core.demo import ids
from tests.build.test_site import CHAPTERS, FIGURE, SITE
from wasm import finish
from wasm.embeds import moved

LINK = re.compile(r'\s(?:href|src)="([^"#?]*)')


def page_of(demo: str) -> str:
    return (SITE / "embed" / demo / "index.html").read_text("utf-8")


def test_every_figure_has_a_page() -> None:
    found = {path.parent.relative_to(SITE / "embed").as_posix() for path in SITE.glob("embed/*/*/index.html")}
    assert found == set(ids())


@pytest.mark.parametrize("demo", sorted(ids()))
def test_the_page_holds_the_chapters_figure_and_nothing_is_missing(demo: str) -> None:
    text = page_of(demo)
    [figure] = FIGURE.findall(text)
    chapter = CHAPTERS[demo.partition("/")[0]].read_text("utf-8")
    theirs = next(one for one in FIGURE.findall(chapter) if f'data-demo="{demo}"' in one)
    links = re.compile(r'(<a\b[^>]*href=")[^"]*')
    assert links.sub(r"\1", figure) == links.sub(r"\1", theirs)
    folder = SITE / "embed" / demo
    for address in LINK.findall(text):
        if address and "://" not in address:
            there = (folder / address).resolve()
            assert there.is_file() or (there / "index.html").is_file(), address


@pytest.mark.parametrize("demo", sorted(ids()))
def test_oembed_gives_the_same_frame(demo: str) -> None:
    answer = json.loads((SITE / "embed" / demo / "oembed.json").read_text("utf-8"))
    assert answer["version"] == "1.0" and answer["type"] == "rich" and answer["title"]
    [address] = re.findall(r'src="([^"]*)"', answer["html"])
    assert address.endswith(f"/embed/{demo}/")
    assert f'href="{address}oembed.json"' in page_of(demo)
    assert 'sandbox="allow-scripts ' in answer["html"] and "allow-same-origin" not in answer["html"]


def test_its_policy_names_the_site_and_allows_no_script_from_text() -> None:
    for demo in ids():
        [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page_of(demo))
        rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
        home = re.findall(r'<meta property="og:url" content="([^"]*)embed/', page_of(demo))[0]
        allowed = rules["script-src"].split()
        assert allowed[:3] == ["'self'", home, "'wasm-unsafe-eval'"]
        assert all(one.startswith("'sha256-") for one in allowed[3:])
        assert rules["connect-src"] == f"'self' {home}"
        assert rules["worker-src"] == f"data: 'self' {home}"


@pytest.mark.parametrize(
    "address, wanted",
    [
        ("../../assets/a.css", "../../../assets/a.css"),
        ("#here", "../../../part/chapter/#here"),
        ("?v=1#here", "../../../part/chapter/?v=1#here"),
        ("../other/#x", "../../../part/other/#x"),
        ("https://example.org/a", "https://example.org/a"),
    ],
)
def test_a_link_leads_where_it_led(address: str, wanted: str) -> None:
    assert moved(address, "part/chapter", "embed/some/figure") == wanted


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in SITE.rglob("*") if path.suffix in (".html", ".json")}
    finish.finish(SITE)
    assert {path: path.read_bytes() for path in before} == before


def test_each_page_names_the_card_of_its_first_figure() -> None:
    for path in SITE.rglob("index.html"):
        text = path.read_text("utf-8")
        [address] = re.findall(r'<meta property="og:url" content="([^"]*)"', text)
        assert re.findall(r'<meta property="og:title" content="([^"]+)"', text), path
        demos = re.findall(r'data-demo="([^"]+)"', text)
        home = address.removesuffix(f"{path.parent.relative_to(SITE).as_posix()}/".removeprefix("./"))
        wanted = [f"{home}embed/{demo}/card.png" for demo in demos[:1]]
        assert re.findall(r'<meta property="og:image" content="([^"]*)"', text) == wanted, path
    answer = json.loads((SITE / "embed/sampling/draws/oembed.json").read_text("utf-8"))
    assert answer["thumbnail_url"].endswith("/embed/sampling/draws/card.png")
