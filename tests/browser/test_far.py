"""What is far from the screen is not laid out: links still land where they lead, and paper still shows everything."""

import pytest

from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.figures import SAMPLING
from tests.browser.serving import Site

LAST = "the-order-is-a-parameter-too"
# Whether the element stands below the header, and has stood there for some time.
LANDED = """
const { top } = document.getElementById(arguments[0]).getBoundingClientRect();
window.still = window.place === top && top >= 0 && top <= 200 ? (window.still ?? 0) + 1 : 0;
window.place = top;
return window.still > 5;
"""


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_a_link_lands_on_its_heading(new_reader, site: Site, engine: str) -> None:
    reader: PlaywrightDriver = new_reader(engine)
    reader.open(f"{site.home}{SAMPLING}#{LAST}")
    wait_for(reader, LANDED, LAST, what="landing on the heading")
    assert reader.run("return scrollY") > 2000
    # and from there back to the first figure, by the table of contents
    reader.run("document.querySelector('.md-sidebar--secondary .cw-toc-fig').click()")
    wait_for(reader, LANDED, "sampling/distribution", what="landing on the figure")
    reader.close()


def test_paper_shows_everything(reader: PlaywrightDriver, site: Site) -> None:
    reader.open(site.home + SAMPLING)
    far = "return [...document.querySelectorAll('.md-content__inner *')].filter((one) => getComputedStyle(one).contentVisibility === 'auto').length"
    assert reader.run(far) > 10
    reader.page.emulate_media(media="print")
    assert reader.run(far) == 0
