"""axe finds nothing, in each state of the figures, light and dark, wide and narrow; nothing scrolls sideways."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import shown
from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.figures import PLACED, SAMPLING
from tests.browser.serving import Site, hang_up

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2, and off by default
    "resultTypes": ["violations"],
}
HERE = [figure for figure in PLACED if figure.page == SAMPLING]
# Not chapters: one that shows figures again, one made from docstrings.
REFERENCE = ("contribute/components/", "reference/api/core/")
STATES = ("front page", "static", "starting", "live", "failed")
SETTLED = """
return document.getAnimations().every((animation) =>
  animation.playState !== "running" || animation.effect.getComputedTiming().endTime === Infinity);
"""
# axe takes what is far for what it was before the page changed its colours.
STYLED = f"""
{shown.NEAR}
return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));
"""
WIDER = """
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width) return [];
return [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > width + 1
  && !element.closest(".cw-scroll, .md-sidebar, .md-search")).map((element) => element.outerHTML.slice(0, 120)).slice(0, 8)
  .concat(`${document.documentElement.scrollWidth} of ${width}`);
"""


@pytest.fixture(scope="module", params=STATES)
def at(
    request: pytest.FixtureRequest, new_reader: Callable[..., PlaywrightDriver], site: Site
) -> Iterator[PlaywrightDriver]:
    """A page of the book with all its figures in one state."""
    reader = new_reader(reduced_motion="reduce")
    wanted = request.param
    if wanted == "static":
        reader.page.add_init_script(shown.UNSEEN)
    during = {"starting": site.held("numpy"), "failed": site.trouble("numpy", hang_up)}
    with during.get(wanted, nullcontext()):
        reader.open(site.home + ("" if wanted == "front page" else SAMPLING))
        for figure in HERE if wanted != "front page" else []:
            shown.scroll_to(reader, figure)
            shown.wait_until(reader, figure, wanted)
        yield reader
        reader.close()


def violations(reader: PlaywrightDriver) -> list[str]:
    """What axe finds, a line for each element: the rule, the element, and what is wrong with it."""
    reader.run(STYLED)
    found = Axe().run(reader.page, options=OPTIONS).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {' '.join(node['failureSummary'].split())}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("width", [1440, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(at: PlaywrightDriver, scheme: str, width: int) -> None:
    at.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    at.page.set_viewport_size({"width": width, "height": 900})
    at.run("scrollTo(0, 0)")
    wanted = {"light": "default", "dark": "slate"}[scheme]
    wait_for(
        at,
        "return document.body.dataset.mdColorScheme === arguments[0]",
        wanted,
        what=f"the page being {scheme}",
    )
    wait_for(at, SETTLED, what="every transition having ended")
    found = violations(at)
    assert not found, "\n".join(found)


def test_nothing_scrolls_sideways_at_320(at: PlaywrightDriver) -> None:
    at.page.set_viewport_size({"width": 320, "height": 900})
    assert at.run(WIDER) == []


def test_every_fold_may_be_open(at: PlaywrightDriver) -> None:
    at.page.set_viewport_size({"width": 320, "height": 900})
    at.run("for (const fold of document.querySelectorAll('article details')) fold.open = true")
    assert at.run(WIDER) == []
    found = violations(at)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", sorted({figure.page for figure in PLACED} - {SAMPLING}) + list(REFERENCE))
def test_other_pages_as_they_are_built(
    new_reader: Callable[..., PlaywrightDriver], site: Site, page: str
) -> None:
    reader = new_reader()
    reader.open(site.home + page)
    for width, scheme in ((1440, "light"), (320, "dark")):
        reader.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        reader.page.set_viewport_size({"width": width, "height": 900})
        wait_for(reader, SETTLED, what="every transition having ended")
        assert reader.run(WIDER) == []
        found = violations(reader)
        assert not found, "\n".join(found)
    reader.close()
