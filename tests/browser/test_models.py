"""Figures with a model: nothing is fetched unasked, a file that does not come says so and is asked for again.

And WebGPU: the same numbers as CPython's, and where it stops, the CPU takes over and the reader is told.
"""

import re
from collections.abc import Callable

import pytest

from tests.browser import shown
from tests.browser.drivers import WITH_WEBGPU, PlaywrightDriver, wait_for
from tests.browser.figures import SAMPLING, Twin, figure_of, same
from tests.browser.serving import Site, Trouble, flip, hang_up

PLAIN = figure_of("sampling/draws")
MODEL = figure_of("sampling/vocabulary")
FAILURE = "return document.querySelector(arguments[0]).textContent"
RENDERED = """
const all = window.notes.renderings.filter((rendering) => rendering.uid === arguments[0]);
return all.length > arguments[1] ? all.at(-1).answer : null;
"""
FORCE = """
const set = () => (document.documentElement.dataset.cutawayProvider = "webgpu");
if (document.documentElement) set();
else new MutationObserver((_, all) => { set(); all.disconnect(); }).observe(document, { childList: true });
"""
BADGE = f"{MODEL.css} [data-ms]"


@pytest.mark.parametrize(
    "part, how, wanted",
    [
        pytest.param(
            "weights.bin", hang_up, "weights.bin could not be fetched: the network went away", id="lost"
        ),
        pytest.param("forward.onnx", flip, "forward.onnx arrived damaged", id="corrupt"),
    ],
)
def test_a_models_file_does_not_come(
    reader: PlaywrightDriver, site: Site, part: str, how: Trouble, wanted: str
) -> None:
    site.asked.clear()
    reader.open(site.home + SAMPLING)
    shown.go_live(reader, PLAIN)
    assert site.times_asked("weights.bin") == site.times_asked("ort") == 0
    with site.trouble(part, how):
        shown.scroll_to(reader, MODEL)
        shown.wait_until(reader, MODEL, "failed")
        assert wanted in reader.run(FAILURE, f"{MODEL.css} [data-failure]")
        assert shown.state(reader, PLAIN) == "live"
    reader.click(f"{MODEL.css} [data-action=retry]")
    shown.wait_until(reader, MODEL, "live")
    before = shown.text(reader, MODEL, "reading")
    reader.fill(MODEL.control("prompt"), "Mira lives in")
    changed = f"return document.querySelector(arguments[0]).textContent !== {before!r}"
    wait_for(reader, changed, f'{MODEL.css} [data-part="reading"]', what="another text read")
    assert reader.run(FAILURE, BADGE).startswith("pocket-lm, 1.4 M parameters, W")


@pytest.mark.parametrize("engine", WITH_WEBGPU)
def test_webgpu_gives_the_same_numbers_and_hands_over_when_it_stops(
    new_reader: Callable[..., PlaywrightDriver], site: Site, engine: str
) -> None:
    reader = new_reader(engine)
    reader.page.add_init_script(FORCE)
    reader.open(site.home + SAMPLING)
    shown.go_live(reader, MODEL)
    first = reader.run(RENDERED, MODEL.uid, 0)
    assert first["ran"]["provider"].startswith("WebGPU (")
    twin = Twin(MODEL)
    for name, html in twin.parts.items():
        assert same(MODEL, first["parts"][name], html), name
    if engine == "chromium-webgpu":  # Firefox's driver cannot reach into a worker
        worker = next(worker for worker in reader.page.workers if worker.url.endswith("/worker.js"))
        worker.evaluate(
            "() => { GPUQueue.prototype.submit = () => { throw new Error('the device is lost'); }; }"
        )
        reader.fill(MODEL.control("prompt"), "Mira lives in")
        notice = f'{MODEL.css} [data-part="notices"]'
        wait_for(
            reader, "return document.querySelector(arguments[0]).textContent.includes('the CPU')", notice
        )
        values = shown.values(reader, MODEL)
        done = "return document.querySelector(arguments[0]).textContent.includes('WASM')"
        wait_for(reader, done, BADGE, what="the CPU taking over")
        wait_for(
            reader,
            "return document.querySelector(arguments[0]).textContent === arguments[1]",
            f'{MODEL.css} [data-part="reading"]',
            _text(twin.change(values)["reading"]),
            what="the same reading as CPython's",
        )
    reader.close()


def _text(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html).strip()
