"""What a reader has read is remembered in this browser alone, and forgotten when asked."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.drivers import Driver, PlaywrightDriver, fresh, wait_for
from tests.browser.figures import SAMPLING
from tests.browser.keeping import wait_to_offer
from tests.browser.serving import Site
from tests.browser.test_a11y import WIDER, violations
from wasm.disk import FOLDER

MARKS = """
return Object.fromEntries([...document.querySelectorAll("[data-chapter]:has(.cw-read)")].map(
  (item) => [item.dataset.chapter, item.querySelector(".cw-read").textContent]));
"""
RESUME = "return document.querySelector('cutaway-resume').innerText"
STORED = "return JSON.parse(localStorage.getItem('cutaway-reading'))"
SECTIONS = "return [...document.querySelectorAll('article > h2')].map((heading) => heading.id)"
# Brings each block of a section onto the screen, as somebody does who reads.
SCROLL = """
const blocks = [document.getElementById(arguments[0])];
while (blocks.at(-1).nextElementSibling?.matches(":not(h2, cutaway-place)")) blocks.push(blocks.at(-1).nextElementSibling);
const show = (at) => {
  if (at === blocks.length) return window.shown = arguments[0];
  blocks[at].scrollIntoView({ block: "center", behavior: "instant" });
  requestAnimationFrame(() => requestAnimationFrame(() => show(at + 1)));
};
show(0);
"""
SOME = {
    "chapters": {SAMPLING: {"read": ["temperature-divides", "gone"], "of": 9}, "serving/kv-cache/": {"read": ["a"], "of": 1}},
    "last": {"page": SAMPLING, "section": "temperature-divides", "heading": "Temperature divides"},
}  # fmt: skip

STRANGE = [
    "{", "null", "7", '"text"', "[]", '{"chapters":7,"last":7}', '{"chapters":null,"last":{"page":{}}}',
    '{"chapters":{"production/sampling/":null,"serving/kv-cache/":{"read":"all","of":1},"a":7}}',
    '{"last":{"page":"javascript:alert(1)","section":"<b>","heading":"<img src=x onerror=alert(1)>"}}',
]  # fmt: skip


@pytest.fixture
def driver(request: pytest.FixtureRequest, browsers: Callable[[str], Browser]) -> Iterator[Driver]:
    """A browser of the engine that the test names, that has seen nothing."""
    one = fresh(request.param, browsers)
    yield one
    one.close()


def read(driver: Driver, section: str) -> None:
    """Read a section of the open chapter to its end."""
    driver.run(SCROLL, section)
    wait_for(driver, "return window.shown === arguments[0]", section)
    kept = "const kept = JSON.parse(localStorage.getItem('cutaway-reading')); "
    wait_for(
        driver,
        f"{kept} return Object.values(kept?.chapters ?? {{}}).some(({{ read }}) => read.includes(arguments[0]))",
        section,
    )


def remembering(reader: PlaywrightDriver, value: object) -> PlaywrightDriver:
    """A reader whose browser holds this, whatever it is, where the reading is remembered."""
    text = value if isinstance(value, str) else json.dumps(value)
    script = f"if (top === self && !sessionStorage.seeded) {{ localStorage.setItem('cutaway-reading', {json.dumps(text)}); sessionStorage.seeded = 1 }}"
    reader.page.add_init_script(script)
    return reader


@pytest.mark.parametrize("driver", ["chromium", "firefox"], indirect=True)
def test_the_place_is_remembered_and_led_back_to(driver: Driver, site: Site) -> None:
    driver.open(site.home)
    assert driver.run(RESUME) == "" and driver.run(MARKS) == {}
    driver.open(site.home + SAMPLING)
    assert driver.run(STORED) is None, "to open a chapter is not to read it"
    first, second, third, *more = driver.run(SECTIONS)
    read(driver, second)
    driver.run("document.getElementById(arguments[0]).scrollIntoView()", third)
    at = "return JSON.parse(localStorage.getItem('cutaway-reading')).last.section === arguments[0]"
    wait_for(driver, at, third, what="the place being the third section")
    driver.open(site.home)
    assert driver.run(MARKS) == {SAMPLING: f"1 of {3 + len(more)} sections read"}
    assert driver.run(RESUME).startswith("Resume: Sampling parameters, “Top-k, top-p and min-p cut”")
    driver.click("cutaway-resume a")  # without loading the page anew, where the theme can
    wait_for(driver, "return location.pathname + location.hash === arguments[0]", f"/book/{SAMPLING}#{third}")
    near = "const { top } = document.getElementById(arguments[0])?.getBoundingClientRect() ?? {}; return top >= 0 && top < 300"
    wait_for(driver, near, third, what="the section being at the top")
    read(driver, first)
    assert set(driver.run(STORED)["chapters"]) == {SAMPLING}
    assert set(driver.run(STORED)["chapters"][SAMPLING]["read"]) == {first, second}


def test_the_front_pages_figure_starts_when_it_is_reached_for(reader: PlaywrightDriver, site: Site) -> None:
    site.asked.clear()
    reader.open(site.home)
    state = "return document.querySelector('.cw-front figure').dataset.state"
    reader.page.wait_for_load_state("networkidle")
    assert (
        reader.run(state) == "static"
        and not site.times_asked("pyodide")
        and not site.times_asked("worker.js")
    )
    before = reader.run("return document.querySelector('.cw-front [data-part=drawing]').innerText")
    reader.press(".cw-front [name=temperature]", "End")
    wait_for(reader, f"{state} === 'live'")
    assert reader.run("return document.querySelector('.cw-front [data-part=drawing]').innerText") != before
    reader.page.locator(".cw-contents a", has_text="Sampling parameters").click()
    wait_for(reader, "return location.pathname.endsWith('/sampling/')")
    wait_to_offer(reader, "chapter")  # it knows the page that it has come to
    reader.page.go_back()  # the visit has its Python: now it need not be reached for
    back = "const figure = document.querySelector('.cw-front figure'); figure?.scrollIntoView(); "
    wait_for(reader, back + "return figure?.dataset.state === 'live'")


def test_to_jump_to_the_end_is_not_to_read(reader: PlaywrightDriver, site: Site) -> None:
    reader.open(site.home + SAMPLING)
    last = reader.run(SECTIONS)[-1]
    reader.run("scrollTo(0, document.body.scrollHeight)")
    wait_for(reader, f"return ({STORED.removeprefix('return ')})?.last?.section === arguments[0]", last)
    assert reader.run(STORED)["chapters"] == {}


def test_it_is_forgotten_when_asked_by_keyboard(reader: PlaywrightDriver, site: Site) -> None:
    remembering(reader, SOME).open(site.home)
    assert reader.run(MARKS) == {SAMPLING: "2 of 9 sections read", "serving/kv-cache/": "read"}
    assert "This browser remembers" in reader.run(RESUME)
    reader.page.keyboard.press("Tab")
    for _ in range(20):
        if reader.run("return document.activeElement.closest('cutaway-resume button') !== null"):
            break
        reader.page.keyboard.press("Tab")
    reader.page.keyboard.press("Enter")
    assert reader.run(RESUME) == "Forgotten." and reader.run(MARKS) == {} and reader.run(STORED) is None
    assert reader.run("return document.activeElement.getAttribute('role')") == "status"
    reader.open(site.home)
    assert reader.run(RESUME) == ""
    assert reader.complaints() == []


def test_what_a_newer_edition_has_no_more_is_left_out(reader: PlaywrightDriver, site: Site) -> None:
    remembering(reader, SOME).open(site.home + SAMPLING)
    read(reader, reader.run(SECTIONS)[0])
    assert reader.run(STORED)["chapters"][SAMPLING]["read"] == reader.run(SECTIONS)[:2]
    gone = {"page": "no/more/", "section": "x", "heading": "X"}
    reader.run("localStorage.setItem('cutaway-reading', arguments[0])", json.dumps(SOME | {"last": gone}))
    reader.open(site.home)
    assert "Resume" not in reader.run(RESUME) and "Forget my progress" in reader.run(RESUME)


def test_what_cannot_be_understood_is_ignored(reader: PlaywrightDriver, site: Site) -> None:
    remembering(reader, STRANGE[0]).open(site.home)
    for value in STRANGE:
        reader.run(
            "localStorage.setItem('cutaway-reading', arguments[0]); dispatchEvent(new Event('pageshow'))",
            value,
        )
        assert reader.run(RESUME) == "" and reader.run(MARKS) == {}, value
    reader.run(
        "localStorage.setItem('cutaway-reading', arguments[0]); dispatchEvent(new Event('pageshow'))",
        json.dumps(SOME),
    )
    assert reader.run(RESUME) != "" and reader.run(MARKS) != {}, "it was looked at each time"
    assert reader.complaints() == []


def test_where_storage_is_refused_the_book_is_read_all_the_same(
    reader: PlaywrightDriver, site: Site, elsewhere: Callable[[str], str]
) -> None:
    ours: list[str] = []
    reader.page.on(
        "pageerror",
        lambda error: ours.append(error.stack or "") if "host.js" in (error.stack or "") else None,
    )
    for page, there in (("", "#contents"), (SAMPLING, "article h1")):
        reader.open(
            elsewhere(
                f'<iframe src="{site.home}{page}" sandbox="allow-scripts" width="900" height="700"></iframe>'
            )
        )
        reader.enter("iframe")
        wait_for(
            reader, f"return !!customElements.get('cutaway-resume') && !!document.querySelector('{there}')"
        )
        refused = "try { localStorage.length; return false } catch { return true }"
        assert reader.run(refused), "this frame was to have no storage"
        reader.run("scrollTo(0, 3000)")
    assert not ours, ours


def test_it_is_well_drawn_and_named(reader: PlaywrightDriver, site: Site) -> None:
    remembering(reader, SOME)
    reader.page.emulate_media(reduced_motion="reduce")
    for page in ("", "paths/"):
        reader.open(site.home + page)
        reader.page.set_viewport_size({"width": 320, "height": 900})
        assert SAMPLING in reader.run(MARKS)
        assert reader.run(WIDER) == []
        found = violations(reader)
        assert not found, "\n".join(found)


@pytest.mark.parametrize("driver", ["webkit", "firefox"], indirect=True)
def test_it_works_from_disk(driver: Driver, request: pytest.FixtureRequest) -> None:
    home = (FOLDER / "index.html").as_uri()
    chapter = (FOLDER / SAMPLING / "index.html").as_uri()
    driver.open(chapter)
    read(driver, driver.run(SECTIONS)[0])
    driver.open(home)
    if "firefox" in request.node.name:  # which gives each file a storage of its own
        assert driver.run(RESUME) == ""
        return
    assert driver.run(MARKS)[SAMPLING].startswith("1 of ")
    driver.click("cutaway-resume a")
    wait_for(driver, "return location.href.split('#')[0] === arguments[0]", chapter)
