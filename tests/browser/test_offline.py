"""What a reader keeps is read without a network, is taken back whole, and changes only when the reader says so."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser import shown
from tests.browser.changes import change_something
from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.editing import open_edited, run, with_view
from tests.browser.figures import PLACED, SAMPLING, Twin, figure_of
from tests.browser.keeping import SAYS, keep, press, wait_to_offer
from tests.browser.serving import Site, flip, hang_up, site_folder, stop_halfway, truncate

FIGURE = figure_of("sampling/distribution")
MODEL = figure_of("sampling/vocabulary")
DRAWS = figure_of("sampling/draws")
CACHES = "return caches.keys().then((names) => names.filter((name) => name !== 'cutaway-start'))"
WORKERS = "return navigator.serviceWorker.getRegistrations().then((all) => all.length)"
FULL = "Cache.prototype.put = async () => { throw new DOMException('full', 'QuotaExceededError'); };"
LITTLE = "navigator.storage.estimate = async () => ({ quota: 5e6, usage: 1e6 });"
REFUSED = "navigator.serviceWorker.register = async () => { throw new DOMException('no', 'SecurityError'); };"


@pytest.fixture(params=["chromium", "firefox"])
def keeper(
    request: pytest.FixtureRequest, new_reader: Callable[..., PlaywrightDriver], site: Site
) -> Iterator[PlaywrightDriver]:
    """A reader who has kept the sampling chapter, and whose network is gone."""
    reader = new_reader(request.param)
    keep(reader, site, SAMPLING, "chapter")
    with site.trouble("", hang_up):
        yield reader
    reader.close()


def test_a_kept_chapter_is_read_without_a_network(keeper: PlaywrightDriver, site: Site) -> None:
    keeper.open(site.home + SAMPLING)
    for figure in (FIGURE, DRAWS, MODEL):
        shown.go_live(keeper, figure)
        change_something(keeper, figure, shown.reset(keeper, figure))
    chart = f"{DRAWS.css} [data-chart] .main-svg"
    wait_for(keeper, "return !!document.querySelector(arguments[0])", chart, what="Plotly's chart")
    # its program can be opened, and runs in a Python of its own
    open_edited(keeper, site, with_view("print('kept')"))
    assert run(keeper).startswith("Ran in ")
    # a permalink, and search
    keeper.open(f"{site.home}{SAMPLING}?figure={FIGURE.uid}&v=1&temperature=2")
    shown.wait_until(keeper, FIGURE, "live")
    shown.expect_shown(keeper, FIGURE, Twin(FIGURE, "v=1&temperature=2").parts)
    keeper.run("document.querySelector('[data-md-component=search-query]').focus()")
    keeper.fill("[data-md-component=search-query]", "temperature")
    found = "return [...document.querySelectorAll('.md-search-result__link')].some((link) => link.href.includes('sampling'))"
    wait_for(keeper, found, what="a result")
    # a table's file
    keeper.open(site.home + SAMPLING)
    with keeper.page.expect_download() as taken:
        keeper.page.locator(".cw-csv a").click()
    assert Path(taken.value.path()).read_bytes() == (site_folder() / "data/sampling-apis.csv").read_bytes()
    # what was not kept says so, and leads to what was
    keeper.open(f"{site.home}serving/kv-cache/")
    assert "This page is not kept here" in keeper.run("return document.body.textContent")
    links = keeper.run("return [...document.links].map((link) => link.href)")
    assert links == [site.home, site.home + SAMPLING]
    keeper.open(site.home + SAMPLING)
    assert FIGURE.demo.title in keeper.run("return document.body.textContent")


def test_remove_takes_everything_back(reader: PlaywrightDriver, site: Site) -> None:
    keep(reader, site, SAMPLING, "chapter")
    assert len(reader.run(CACHES)) == 2 and reader.run(WORKERS) == 1
    press(reader, "remove")
    wait_to_offer(reader, "chapter")
    assert reader.run(CACHES) == [] and reader.run(WORKERS) == 0
    reader.open(site.home + SAMPLING)
    shown.go_live(reader, FIGURE)
    assert reader.complaints() == []


def test_the_book_is_kept_and_a_chapter_taken_out_of_two(reader: PlaywrightDriver, site: Site) -> None:
    keep(reader, site, "production/mcp-a2a/", "chapter")
    listing = json.loads((site_folder() / "keep.json").read_text())
    keep(reader, site, SAMPLING, "chapter")
    count = "return caches.keys().then((names) => caches.open(names.find((name) => name.startsWith('cutaway-book-'))))"
    files = f"{count}.then((cache) => cache.keys()).then((keys) => keys.map(({{ url }}) => url))"
    kept = {url.removeprefix(site.home) for url in reader.run(files)}
    both = {
        *listing["base"],
        *listing["chapters"][SAMPLING]["files"],
        *listing["chapters"]["production/mcp-a2a/"]["files"],
    }
    assert kept == both | set(listing["engines"]["cpu"])
    press(reader, "remove-chapter")
    wait_to_offer(reader, "chapter")
    kept = {url.removeprefix(site.home) for url in reader.run(files)}
    assert kept == {*listing["base"], *listing["chapters"]["production/mcp-a2a/"]["files"]}


@pytest.mark.parametrize(
    "how, said",
    [
        (hang_up, "the network went away. Press again to go on from here"),
        (stop_halfway, "the network went away. Press again to go on from here"),
        (truncate, "is not the one of this edition"),
        (flip, "is not the one of this edition"),
    ],
)
def test_what_arrives_badly_is_not_kept(reader: PlaywrightDriver, site: Site, how: object, said: str) -> None:
    with site.trouble("pyodide.asm.wasm", how):  # type: ignore[arg-type]
        reader.open(site.home + SAMPLING)
        wait_to_offer(reader, "chapter")
        press(reader, "chapter")
        wait_for(reader, f"return {SAYS}.includes(arguments[0])", said, what=said)
        assert "shelf.json" not in str(reader.run(CACHES))
        assert (
            reader.run(
                "return caches.open('cutaway-shelf').then((cache) => cache.keys()).then((keys) => keys.length)"
            )
            == 0
        )
    press(reader, "chapter")
    wait_to_offer(reader, "remove")


@pytest.mark.parametrize(
    "script, said",
    [
        (FULL, "there is no room for it. Free some space on this device, or keep fewer chapters"),
        (LITTLE, "and this browser has room for 4.0 MB. Free some space"),
        (REFUSED, "this browser lets no page keep itself. In a private window none can"),
    ],
    ids=["full", "little", "refused"],
)
def test_no_room_is_said_and_leaves_nothing(
    reader: PlaywrightDriver, site: Site, script: str, said: str
) -> None:
    reader.page.add_init_script(script)
    reader.open(site.home + SAMPLING)
    wait_to_offer(reader, "chapter")
    press(reader, "chapter")
    wait_for(reader, f"return {SAYS}.includes(arguments[0])", said, what=said)
    left = "return caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((one) => one.keys()))))"
    assert sum(len(keys) for keys in reader.run(left)) == 0
    shown.go_live(reader, FIGURE)


def next_edition(folder: Path) -> None:
    """The site with another sentence in the chapter, and a list that says so."""
    shutil.copytree(site_folder(), folder, copy_function=os_link)
    page = folder / SAMPLING / "index.html"
    text = page.read_text("utf-8").replace("<h1>", "<h1>Newer: ", 1)
    page.unlink()
    page.write_text(text, "utf-8")
    from wasm import offline

    listing = offline.listing(folder)
    (folder / "keep.json").unlink()
    (folder / "keep.json").write_text(json.dumps(listing))


def os_link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def test_an_edition_changes_only_when_the_reader_says_so(
    new_reader: Callable[..., PlaywrightDriver], site: Site, tmp_path: Path
) -> None:
    reader = new_reader()
    keep(reader, site, SAMPLING, "chapter")
    other = PlaywrightDriver(reader.page.context.new_page())
    other.open(site.home + SAMPLING)
    shown.go_live(other, FIGURE)
    wait_to_offer(other, "remove")
    heading = "return (document.querySelector('h1')?.textContent ?? '')"
    before = site.folder
    next_edition(tmp_path / "next")
    try:
        site.move(tmp_path / "next")
        # the next visit is to the edition that was kept, and says that there is another
        reader.open(site.home + SAMPLING)
        assert "Newer" not in reader.run(heading)
        wait_to_offer(reader, "update")
        said = reader.run(f"return {SAYS}")
        assert "A newer edition is there" in said
        # of which only the page is another
        assert re.search(r"Take the newer edition, 0\.[0-9] MB", said), said
        # halfway through, the network goes: the old one still stands
        with site.trouble("", hang_up):
            press(reader, "update")
            wait_for(reader, f"return {SAYS}.includes('That did not work')", what="the failure")
            reader.open(site.home + SAMPLING)
            assert "Newer" not in reader.run(heading)
        reader.open(site.home + SAMPLING)
        wait_to_offer(reader, "update")
        with reader.page.expect_event("load"):
            press(reader, "update")
        wait_for(reader, f"{heading}.startsWith('Newer')", what="the newer edition")
        # the other tab goes on, and is told
        assert "Newer" not in other.run(heading)
        wait_to_offer(other, "reload")
        change_something(other, FIGURE, shown.reset(other, FIGURE))
        with other.page.expect_event("load"):
            press(other, "reload")
        wait_for(other, f"{heading}.startsWith('Newer')", what="the newer edition")
        assert len(reader.run(CACHES)) == 2
    finally:
        site.move(before)
        reader.close()


def test_the_switch_takes_it_all_back(
    new_reader: Callable[..., PlaywrightDriver], site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = new_reader()
    keep(reader, site, SAMPLING, "chapter")
    folder = tmp_path / "without"
    shutil.copytree(site_folder(), folder, copy_function=os_link)
    from wasm import offline

    monkeypatch.setenv(offline.WITHOUT, "1")
    offline.write_offline(folder)
    before = site.folder
    try:
        site.move(folder)
        reader.run("return navigator.serviceWorker.getRegistration().then((one) => one.update())")
        wait_for(reader, f"{CACHES}.then((names) => names.length === 0)", what="no cache left")
        wait_for(reader, f"{WORKERS}.then((count) => count === 0)", what="no service worker left")
        reader.open(site.home + SAMPLING)
        shown.go_live(reader, FIGURE)
        assert not reader.run("return document.querySelector('cutaway-keep').textContent.trim()")
    finally:
        site.move(before)
        reader.close()


def test_every_chapter_offers_itself() -> None:
    listing = json.loads((site_folder() / "keep.json").read_text())
    again = "contribute/components/"  # all of its figures are those of other pages
    assert set(listing["chapters"]) == {figure.page for figure in PLACED} | {again}
    for page in listing["chapters"]:
        assert re.search(r"<cutaway-keep\b", (site_folder() / page / "index.html").read_text("utf-8")), page
