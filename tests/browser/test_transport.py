"""Figures that move: play, pause, step, scrub, by mouse and by keyboard, and links to a moment."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demos_py.core import bridge
from demos_py.core.demo import finished
from tests.browser.serving import Site

PATH = "production/rate-limits/"
STORM = "rate-limits/retry-storm"


def figure_of(page: Page, demo: str = STORM) -> Locator:
    return page.locator(f'figure[data-demo="{demo}"]').first


def moment(figure: Locator) -> int:
    return int(figure.locator(".cw-time [data-at]").inner_text().replace(",", ""))


@pytest.fixture
def page(browsers: Callable[[str], Browser]) -> Iterator[Page]:
    """A page of Chromium, that may write to the clipboard."""
    context = browsers("chromium").new_context(permissions=["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


@pytest.fixture
def storm(page: Page, site: Site) -> Locator:
    page.goto(site.home + PATH)
    figure = figure_of(page)
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-state", "live", timeout=60_000)
    expect(figure.locator(".cw-time [data-known]")).to_have_text("600", timeout=20_000)
    return figure


def test_steps_go_on_and_back_and_to_the_start(storm: Locator) -> None:
    at = storm.locator(".cw-time [data-at]")
    expect(at).to_have_text("260")
    before = storm.locator('[data-part="drawing"]').inner_html()
    storm.get_by_label("One step on").click()
    expect(at).to_have_text("261")
    expect(storm.locator('[data-part="reading"]')).to_contain_text("At 26.1 s")
    storm.get_by_label("One step back").click()
    expect(at).to_have_text("260")
    expect(storm.locator('[data-part="reading"]')).to_contain_text("At 26.0 s")
    assert storm.locator('[data-part="drawing"]').inner_html() == before
    storm.get_by_label("To the start").click()
    expect(at).to_have_text("0")


def test_it_plays_pauses_and_stops_at_the_end(storm: Locator, page: Page) -> None:
    storm.get_by_label("Play").click()
    expect(storm.locator('[data-part="reading"]')).to_have_attribute("aria-live", "off")
    page.wait_for_function(
        "f => Number(f.querySelector('.cw-time [data-at]').textContent) > 270", arg=storm.element_handle()
    )
    storm.get_by_label("Pause").click()
    expect(storm.locator('[data-part="reading"]')).not_to_have_attribute("aria-live", "off")
    page.wait_for_timeout(300)
    stopped = moment(storm)
    page.wait_for_timeout(400)
    assert moment(storm) == stopped
    storm.get_by_label("Speed").select_option("16")
    storm.get_by_label("Play").click()
    expect(storm.locator(".cw-time [data-at]")).to_have_text("600", timeout=30_000)
    expect(storm.get_by_label("Play")).to_be_visible()
    storm.get_by_label("Play").click()  # from the start again
    page.wait_for_function(
        "f => Number(f.querySelector('.cw-time [data-at]').textContent) < 500", arg=storm.element_handle()
    )


def test_the_scrubber_goes_by_keyboard(storm: Locator, page: Page) -> None:
    scrubber = storm.locator(".cw-scrub input")
    scrubber.focus()
    page.keyboard.press("ArrowRight")
    expect(storm.locator(".cw-time [data-at]")).to_have_text("261")
    page.keyboard.press("End")
    expect(storm.locator(".cw-time [data-at]")).to_have_text("600")
    expect(scrubber).to_have_attribute("aria-valuetext", "tick 600 of 600")
    page.keyboard.press("Home")
    expect(storm.locator(".cw-time [data-at]")).to_have_text("0")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")  # “One step on”
    expect(storm.locator(".cw-time [data-at]")).to_have_text("1")


def test_a_control_keeps_the_moment_and_a_link_names_it(storm: Locator, page: Page, site: Site) -> None:
    storm.get_by_label("One step on").click()
    storm.get_by_label("When refused").select_option("fixed")
    expect(storm.locator(".cw-time [data-at]")).to_have_text("261")
    storm.get_by_text("Copy link").click()
    page.wait_for_url(re.compile("log=261"))
    reading = storm.locator('[data-part="reading"]').inner_text()
    page.goto(page.url)
    again = figure_of(page)
    expect(again).to_have_attribute("data-state", "live", timeout=60_000)
    expect(again.locator('[data-part="reading"]')).to_have_text(reading)
    expect(again.locator(".cw-time [data-at]")).to_have_text("261")


def test_it_waits_while_it_is_out_of_sight(storm: Locator, page: Page) -> None:
    storm.get_by_label("Speed").select_option("0.25")
    storm.get_by_label("Play").click()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(500)
    left = moment(storm)
    page.wait_for_timeout(1000)
    assert moment(storm) <= left + 1
    storm.scroll_into_view_if_needed()
    page.wait_for_function(
        "([f, left]) => Number(f.querySelector('.cw-time [data-at]').textContent) > left + 1",
        arg=[storm.element_handle(), left],
    )


def test_with_less_motion_it_goes_in_steps(page: Page, site: Site) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(site.home + PATH)
    storm = figure_of(page)
    storm.scroll_into_view_if_needed()
    expect(storm).to_have_attribute("data-state", "live", timeout=60_000)
    storm.get_by_label("Play").click()
    seen: set[int] = set()
    for _ in range(25):
        seen.add(moment(storm))
        page.wait_for_timeout(100)
    assert 2 <= len(seen) <= 5


@pytest.mark.parametrize(
    ("path", "demo", "link"),
    [
        *((PATH, STORM, link) for link in ("log=0", "log=37", "log=260,cough:,40")),
        (PATH, STORM, "strategy=fixed&load=outage&log=333"),
        ("production/mcp-a2a/", "mcp-a2a/lifecycle", "revision=2026-07-28&job=reserve&log=8"),
        ("production/mcp-a2a/", "mcp-a2a/transports", "transport=stdio&fault=print&log=9"),
        ("serving/kv-cache/", "kv-cache/allocator", "layout=shared&log=75"),
        ("serving/speculative-decoding/", "speculative-decoding/timeline", "log=90"),
    ],
)
def test_a_log_gives_the_same_html_in_the_page_as_under_cpython(
    page: Page, site: Site, path: str, demo: str, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "OPENING", 1000)

    def ask(**request: Any) -> dict[str, Any]:
        return json.loads(finished(bridge.answer(json.dumps(request))))

    page.goto(f"{site.home}{path}?figure={demo}&{link}")
    figure = figure_of(page, demo)
    expect(figure).to_have_attribute("data-state", "live", timeout=60_000)
    uid = figure.get_attribute("data-uid")
    wanted = ask(type="open", key="k", uid=uid, demo=demo, preset="", link=link)
    expect(figure.locator(".cw-time [data-at]")).to_have_text(str(wanted["run"]["at"]))
    for name, html in wanted["parts"].items():
        same = page.evaluate(
            """([name, uid, html]) => {
                const part = document.querySelector(`[data-uid="${uid}"] [data-part="${name}"]`);
                const wanted = part.cloneNode(false);
                wanted.innerHTML = html;
                return wanted.innerHTML === part.innerHTML || [wanted.innerHTML, part.innerHTML];
            }""",
            [name, uid, html],
        )
        assert same is True, name


def test_without_scripts_the_last_moment_follows_the_first(
    browsers: Callable[[str], Browser], site: Site
) -> None:
    context = browsers("chromium").new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.home + PATH)
    figure = figure_of(page)
    expect(figure.locator(".cw-last")).to_contain_text("At the end, tick 600")
    expect(figure.locator(".cw-last")).to_contain_text("At 60.0 s")
    expect(figure.locator('[data-part="reading"]')).to_contain_text("At 26.0 s")
    context.close()
