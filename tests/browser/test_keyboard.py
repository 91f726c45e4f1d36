"""With a keyboard only: everything is reached, in order, and works."""

import pytest

from demos_py.core import params
from tests.browser import shown
from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.figures import figure_of

FIGURE = figure_of("sampling/distribution")
ORDER = figure_of("sampling/order-matters")
# What a Tab must reach in a figure, in the order of the document, which is the order that is read.
REACHABLE = """
const figure = document.querySelector(arguments[0]);
window.reachable = [...figure.querySelectorAll("input:not([type=hidden]), textarea, select, button, summary, a[href]")]
  .filter((element) => element.checkVisibility());
return window.reachable.length;
"""
BEFORE = """
const figure = document.querySelector(arguments[0]);
const before = document.createElement("span");
before.tabIndex = -1;
before.id = "before";
figure.before(before);
before.focus();
"""
AT = """
const element = document.activeElement;
if (!document.querySelector(arguments[0]).contains(element)) return null;
return [window.reachable.indexOf(element), element.matches(":focus-visible"), element.id || element.outerHTML.slice(0, 90)];
"""
ACTIVE = "return document.activeElement.id"


def tab_through(reader: PlaywrightDriver, css: str) -> list[tuple[int, bool, str]]:
    """Tab from before a figure to behind it: for each stop its place among what is reachable, whether it shows, its name."""
    reader.run(BEFORE, css)
    stops: list[tuple[int, bool, str]] = []
    reader.page.keyboard.press("Tab")
    while stop := reader.run(AT, css):
        stops.append(tuple(stop))
        assert len(stops) < 100, "Tab does not leave the figure"
        reader.page.keyboard.press("Tab")
    reader.run("document.getElementById('before').remove()")
    return stops


def test_tab_reaches_everything_in_order(chapter: PlaywrightDriver) -> None:
    shown.reset(chapter, FIGURE)
    chapter.run(
        "for (const fold of document.querySelectorAll(arguments[0])) fold.open = true",
        f"{FIGURE.css} details",
    )
    many = chapter.run(REACHABLE, FIGURE.css)
    stops = tab_through(chapter, FIGURE.css)
    ours = [place for place, _, _ in stops if place >= 0]  # the rest are boxes that scroll
    assert ours == list(range(many))
    assert [name for _, seen, name in stops if not seen] == []
    names = set(params.controls(FIGURE.base))
    reached = "return [...new Set(window.reachable.map((element) => element.name).filter(Boolean))]"
    assert names <= set(chapter.run(reached))


def test_arrows_move_a_slider(chapter: PlaywrightDriver) -> None:
    twin = shown.reset(chapter, FIGURE)
    chapter.run("document.querySelector(arguments[0]).focus()", FIGURE.control("temperature"))
    before = shown.text(chapter, FIGURE, "reading")
    for key in ("ArrowRight", "ArrowUp", "ArrowUp", "ArrowLeft"):
        chapter.page.keyboard.press(key)
    assert shown.values(chapter, FIGURE)["temperature"] == ["1.1"]
    shown.expect_shown(chapter, FIGURE, twin.change(shown.values(chapter, FIGURE)))
    assert shown.text(chapter, FIGURE, "reading") != before
    said = f'{FIGURE.control("temperature")}[aria-valuetext^="1.10 "]'
    assert chapter.run("return !!document.querySelector(arguments[0])", said)


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_presets_by_key(chapter: PlaywrightDriver, key: str) -> None:
    twin = shown.reset(chapter, FIGURE)
    button = FIGURE.button("preset", "create")
    chapter.run("document.querySelector(arguments[0]).focus()", button)
    chapter.page.keyboard.press(key)
    shown.expect_shown(chapter, FIGURE, twin.press("preset", "create"))
    assert chapter.run("return document.activeElement.value") == "create"
    assert chapter.run("return document.querySelector(arguments[0]).ariaPressed", button) == "true"


def test_reordering_keeps_the_focus(chapter: PlaywrightDriver) -> None:
    twin = shown.reset(chapter, ORDER)
    first = ORDER.base.order[0]
    button = f"{ORDER.uid}-order-{first}-later"
    chapter.run("document.getElementById(arguments[0]).focus()", button)
    for _ in range(len(ORDER.base.order) - 1):
        chapter.page.keyboard.press("Enter")
        shown.expect_shown(chapter, ORDER, twin.press("move", f"{first}:1"))
        twin.holds(shown.values(chapter, ORDER))
        assert chapter.run(ACTIVE) == button
    assert shown.values(chapter, ORDER)["order"][-1] == first
    # at the end the button says that it goes no further, and keeps the focus
    assert chapter.run("return document.activeElement.ariaDisabled") == "true"
    chapter.page.keyboard.press("Enter")
    assert chapter.run(ACTIVE) == button
    chapter.page.keyboard.press("Shift+Tab")
    assert chapter.run(ACTIVE) == f"{ORDER.uid}-order-{first}-earlier"
    chapter.page.keyboard.press("Space")
    shown.expect_shown(chapter, ORDER, twin.press("move", f"{first}:-1"))


def test_data_table_opens(chapter: PlaywrightDriver) -> None:
    summary = f"{FIGURE.css} .cw-data > summary"
    chapter.run(
        "const fold = document.querySelector(arguments[0]); fold.parentElement.open = false; fold.focus()",
        summary,
    )
    chapter.page.keyboard.press("Enter")
    table = f'{FIGURE.css} [data-part="table"] table'
    wait_for(
        chapter,
        "return document.querySelector(arguments[0]).checkVisibility()",
        table,
        what="the table being seen",
    )
