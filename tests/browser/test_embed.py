"""A figure alone in a frame of another site: what its address asks for, its height, and the snippet that makes it."""

import json
import random
import string
from collections.abc import Callable
from html import unescape
from re import findall
from typing import Any

import pytest

from tests.browser import shown
from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.figures import PLACED, Twin, figure_of
from tests.browser.serving import Site
from wasm.embeds import snippet

FIGURE = figure_of("sampling/distribution")
DRAWS = figure_of("sampling/draws")
HEIGHT = "return document.querySelector('iframe').getBoundingClientRect().height"
NOTICES = f"return document.querySelector('{FIGURE.css} [data-part=notices]').textContent"


def script(site: Site) -> str:
    return f'<script src="{site.home}assets/cutaway/embed.js"></script>'


def open_frame(reader: PlaywrightDriver, elsewhere: Callable[[str], str], body: str) -> None:
    """Open the other site's page, and go into its frame."""
    reader.open(elsewhere(body))
    reader.enter("iframe")


def embed(site: Site, query: str = "", height: int = 300) -> str:
    return snippet(f"{site.home}embed/{FIGURE.demo.id}/{query}", "A figure", height)


def test_the_frame_gets_the_figures_height(
    reader: PlaywrightDriver, site: Site, elsewhere: Callable[[str], str]
) -> None:
    open_frame(reader, elsewhere, embed(site) + script(site))
    shown.wait_until(reader, FIGURE, "live")
    whole = "return document.documentElement.scrollHeight"
    wait_for(reader, "return innerHeight > 400", what="a higher frame")
    before = reader.run("return innerHeight")
    assert abs(reader.run(whole) - before) <= 1
    reader.click(f"{FIGURE.css} .cw-data summary")
    wait_for(reader, f"return innerHeight > {before + 50}", what="a higher frame for the open table")
    assert abs(reader.run(whole) - reader.run("return innerHeight")) <= 1
    assert reader.complaints() == []


def test_a_thousand_messages_of_others_move_nothing(
    reader: PlaywrightDriver, site: Site, elsewhere: Callable[[str], str]
) -> None:
    """From another frame, from the page, and of another form; and the figure's own stay within limits."""
    chance = random.Random(5)
    words = ["cutaway:height", "version", "type", "height", "__proto__", "<script>", "", "a" * 5000]

    def thing(depth: int = 0) -> Any:
        kind = chance.randrange(9 if depth < 3 else 6)
        if kind == 0:
            return chance.choice([None, True, False, 0, -1, 1e308, 400, 5000, "400", "1e9px"])
        if kind == 1:
            return chance.choice(words)
        if kind == 2:
            return chance.randrange(-(10**9), 10**9)
        if kind == 3:
            return "".join(chance.choices(string.printable, k=20))
        if kind == 4:
            return {
                "type": "cutaway:height",
                "version": chance.choice([1, 1, 2, "1", None]),
                "height": thing(9),
            }
        if kind == 5:
            return chance.random() * 10**6
        if kind == 6:
            return [thing(depth + 1) for _ in range(chance.randrange(4))]
        return {chance.choice(words): thing(depth + 1) for _ in range(chance.randrange(4))}

    messages = json.dumps([thing() for _ in range(1000)])
    # beside the figure another frame, which says the same things
    open_frame(reader, elsewhere, embed(site) + script(site) + "<iframe srcdoc='<p>other'></iframe>")
    shown.wait_until(reader, FIGURE, "live")
    wait_for(reader, "return innerHeight > 400", what="a higher frame")
    for_all = f"for (const message of {messages}) "
    top, frame = reader.page, reader._inside
    before = top.evaluate(f"(() => {{ {HEIGHT} }})()")
    top.evaluate(f"() => {{ {for_all} window.postMessage(message, '*'); }}")
    top.frames[-1].evaluate(f"() => {{ {for_all} parent.postMessage(message, '*'); }}")
    top.wait_for_timeout(300)
    assert top.evaluate(f"(() => {{ {HEIGHT} }})()") == before
    # from the figure's own frame: whatever it says, the height is a sane one
    top.evaluate(
        """() => {
          window.heights = [];
          const frame = document.querySelector("iframe");
          new MutationObserver(() => heights.push(frame.style.height)).observe(frame, { attributeFilter: ["style"] });
        }"""
    )
    frame.evaluate(f"() => {{ {for_all} parent.postMessage(message, '*'); }}")
    for wanted in (5, 10**9, 777.2):
        message = {"type": "cutaway:height", "version": 1, "height": wanted}
        frame.evaluate(f"() => parent.postMessage({json.dumps(message)}, '*')")
        top.wait_for_timeout(100)
    heights = top.evaluate("window.heights")
    assert {"120px", "4000px", "778px"} <= set(heights)
    assert all(120 <= float(height.removesuffix("px")) <= 4000 for height in heights)
    # and the figure takes no message for its own
    frame.evaluate(f"() => {{ {for_all} window.postMessage(message, '*'); }}")
    assert shown.state(reader, FIGURE) == "live"
    assert reader.complaints() == []


def test_the_address_gives_parameters_and_locks(
    reader: PlaywrightDriver, site: Site, elsewhere: Callable[[str], str]
) -> None:
    link = "v=1&temperature=2"
    query = f"?{link}&lock=temperature,nothing&theme=dark"
    open_frame(reader, elsewhere, embed(site, query, 900))
    shown.wait_until(reader, FIGURE, "live")
    twin = Twin(FIGURE, link, lock=["temperature", "nothing"])
    shown.expect_shown(reader, FIGURE, twin.parts)
    assert "“nothing” is no control of this figure and cannot be locked" in reader.run(NOTICES)
    slider = FIGURE.control("temperature")
    assert reader.run("return document.querySelector(arguments[0]).matches(':disabled')", slider)
    # what the page would send all the same is refused by Python
    reader.run(
        """const slider = document.querySelector(arguments[0]);
        slider.value = 0; slider.dispatchEvent(new Event("input", { bubbles: true }));""",
        slider,
    )
    twin.change(shown.values(reader, FIGURE) | {"temperature": ["0"]})
    reader.press(FIGURE.control("top_k"), "End")
    wanted = twin.change(shown.values(reader, FIGURE))
    shown.expect_shown(reader, FIGURE, wanted)
    assert twin.holds_value("temperature") == 2
    assert reader.run("return getComputedStyle(document.body).colorScheme") == "dark"
    # Reset goes to what the address gives
    reader.click(f"{FIGURE.css} [data-action=reset]")
    shown.expect_shown(reader, FIGURE, Twin(FIGURE, link, lock=["temperature", "nothing"]).parts)
    assert reader.complaints() == []


def test_controls_can_be_hidden_and_numbers_written_in_german(
    reader: PlaywrightDriver, site: Site, elsewhere: Callable[[str], str]
) -> None:
    open_frame(reader, elsewhere, embed(site, "?controls=hide&numbers=de", 900))
    shown.wait_until(reader, FIGURE, "live")
    assert (
        reader.run("return document.querySelector(arguments[0]).checkVisibility()", f"{FIGURE.css} form")
        is False
    )
    reading = shown.text(reader, FIGURE, "reading")
    assert "93,3%" in reading and "0,728" in reading and "0.728" not in reading
    bars = reader.run("return document.querySelector(arguments[0]).textContent", f"{FIGURE.css} .cw-bars")
    assert "0,780" in bars and "0.780" not in bars


@pytest.mark.parametrize(
    "query, said",
    [
        ("?controls=no", "“controls” is “show” or “hide”, not “no”"),
        ("?theme=<b>pink</b>", "“theme” is “light”, “dark” or “auto”, not “<b>pink</b>”"),
        ("?numbers=not_a_language", "“numbers” is a language such as “de” or “en-IN”, not “not_a_language”"),
    ],
)
def test_a_switch_that_means_nothing_is_said(
    reader: PlaywrightDriver, site: Site, query: str, said: str
) -> None:
    reader.open(f"{site.home}embed/{FIGURE.demo.id}/{query}")
    wait_for(reader, "return !!document.querySelector('.cw-embed__said')", what="a sentence")
    assert said in reader.run("return document.querySelector('.cw-embed__said').textContent")
    shown.go_live(reader, FIGURE)


def test_the_snippet_is_what_was_chosen(
    chapter: PlaywrightDriver, site: Site, reader: PlaywrightDriver, elsewhere: Callable[[str], str]
) -> None:
    twin = shown.reset(chapter, FIGURE)
    chapter.press(FIGURE.control("temperature"), "End")
    shown.expect_shown(chapter, FIGURE, twin.change(shown.values(chapter, FIGURE)))
    panel = f"{FIGURE.css} .cw-embedding"
    chapter.press(f"{FIGURE.css} [data-action=embed]", "Enter")
    chapter.page.locator(f"{panel} [name=controls]").check()
    chapter.choose(f"{panel} [name=numbers]", "de")
    chapter.page.locator(f"{panel} [name=lock][value=top_k]").check()
    chapter.click(f"{panel} [data-copy]")
    text = chapter.page.evaluate("navigator.clipboard.readText()")
    assert text == chapter.run("return document.querySelector(arguments[0]).value", f"{panel} textarea")
    chapter.press(f"{panel} textarea", "Escape")
    assert chapter.run("return document.querySelector(arguments[0])", panel) is None
    assert chapter.run("return document.activeElement.dataset.action") == "embed"
    shown.reset(chapter, FIGURE)

    [address] = [unescape(one) for one in findall(r'<iframe src="([^"]*)"', text)]
    assert address.startswith(f"{site.home}embed/{FIGURE.demo.id}/?")
    open_frame(reader, elsewhere, text)
    shown.wait_until(reader, FIGURE, "live")
    twin.holds(shown.values(reader, FIGURE))
    wait_for(reader, "return innerHeight > 300", what="its height")
    assert reader.complaints() == []


def test_without_a_script_the_figure_is_whole(new_reader: Any, site: Site) -> None:
    reader = new_reader(java_script_enabled=False)
    reader.open(f"{site.home}embed/{DRAWS.demo.id}/")
    assert reader.page.locator(f"{DRAWS.css} .cw-plot svg").is_visible()
    assert reader.page.locator(".cw-embed__from a").is_visible()
    assert reader.complaints() == []
    reader.close()


BOXES = (
    shown.NEAR
    + """
return Object.fromEntries([...document.querySelectorAll("cutaway-figure .cw-fig")].map((figure) => {
  const boxes = [figure, ...figure.querySelectorAll(".cw-drawing *")].map((one) => one.getBoundingClientRect());
  return [figure.dataset.demo, boxes.map(({ width, height }) => [width, height])];
}));
"""
)


@pytest.mark.parametrize("page", sorted({figure.page for figure in PLACED}))
def test_a_figure_alone_is_laid_out_as_in_its_chapter(
    reader: PlaywrightDriver, site: Site, page: str
) -> None:
    """Before Python, and as wide, each box of it is as large: the same style sheets hold."""
    reader.page.add_init_script(shown.UNSEEN)
    reader.open(site.home + page)
    in_chapter: dict[str, list[list[float]]] = reader.run(BOXES)
    for demo, boxes in in_chapter.items():
        reader.page.set_viewport_size({"width": 800, "height": 900})
        reader.open(f"{site.home}embed/{demo}/")
        [alone] = reader.run(BOXES).values()
        reader.page.set_viewport_size({"width": round(800 + boxes[0][0] - alone[0][0]), "height": 900})
        [alone] = reader.run(BOXES).values()
        assert len(alone) == len(boxes)
        for mine, theirs in zip(alone, boxes, strict=True):
            assert mine == pytest.approx(theirs, abs=1.5), demo
