"""A chapter on paper: whole, with each figure as it stands, and without what can only be pressed."""

from tests.browser import shown
from tests.browser.drivers import PlaywrightDriver
from tests.browser.figures import PLACED, SAMPLING, figure_of
from tests.browser.serving import Site

FIGURE = figure_of("sampling/distribution")
LIFECYCLE = figure_of("mcp-a2a/lifecycle")
SEEN = "return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility()).length"
PRESSED = ".cw-fig :is(.cw-btn, .cw-act, .cw-range), .md-header, .md-sidebar, .md-footer, cutaway-keep button"
PAGES = b"/Type /Page\n"


def test_a_chapter_on_paper(reader: PlaywrightDriver, site: Site) -> None:
    reader.open(site.home + SAMPLING)
    shown.go_live(reader, FIGURE)
    reader.press(FIGURE.control("temperature"), "End")
    reader.page.emulate_media(media="print")
    assert reader.run(SEEN, PRESSED) == 0
    here = [figure for figure in PLACED if figure.page == SAMPLING]
    assert reader.run(SEEN, ".cw-fig .cw-drawing") == len(here)
    assert reader.run(SEEN, ".cw-fig .cw-reading") == len(here)
    # the answers of the questions, and what the reader set
    folds = reader.run("return document.querySelectorAll('.cw-predict__reveal').length")
    pdf = reader.page.pdf(format="A4")
    assert folds and pdf.startswith(b"%PDF-")
    assert 8 <= pdf.count(PAGES) <= 16, "pages"
    assert reader.run("return document.documentElement.scrollWidth <= innerWidth")


def test_only_the_message_of_the_moment_is_unfolded(reader: PlaywrightDriver, site: Site) -> None:
    reader.open(site.home + LIFECYCLE.page)
    shown.go_live(reader, LIFECYCLE)
    reader.page.emulate_media(media="print")
    assert reader.run(SEEN, f"{LIFECYCLE.css} .cw-json") == 1
    assert reader.page.pdf(format="A4").count(PAGES) <= 13, "pages"
