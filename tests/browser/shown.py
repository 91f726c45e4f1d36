"""What a page shows of a figure, held against what CPython says."""

import difflib
import time
from typing import Any

from tests.browser.drivers import PATIENCE, Driver, wait_for
from tests.browser.figures import Figure, Parts, Twin, results, same

# A part as the browser itself writes it. What Plotly draws is Plotly's; a chart's own attributes are ours.
NORMAL = """
function normal(root) {
  const copy = root.cloneNode(true);
  for (const chart of copy.querySelectorAll("[data-chart]")) {
    const kept = ["data-chart", "role", "aria-label"].map((name) => [name, chart.getAttribute(name)]);
    const bare = document.createElement("div");
    for (const [name, value] of kept) bare.setAttribute(name, value);
    chart.replaceWith(bare);
  }
  // an attribute that came back stands last; what a failure disables is the host's, not Python's
  for (const element of copy.querySelectorAll("*")) {
    const attributes = [...element.attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name } of attributes) element.removeAttribute(name);
    for (const { name, value } of attributes) if (name !== "disabled") element.setAttribute(name, value);
  }
  copy.normalize();
  return copy.innerHTML;
}
"""
SHOWN_AND_WANTED = (
    NORMAL
    + """
const [css, parts] = arguments;
return Object.fromEntries(Object.entries(parts).map(([name, html]) => {
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  const box = document.createElement("div");
  box.append(document.importNode(wanted.content, true));
  return [name, [normal(document.querySelector(`${css} [data-part="${name}"]`)), normal(box)]];
}));
"""
)
READ_FORM = """
const values = {};
for (const control of document.querySelector(`${arguments[0]} form`).elements)
  if (control.name) (values[control.name] ??= []).push(control.value);
"""
VALUES = READ_FORM + "return values;"
# At once: an answer that is on its way may put the form back for a moment.
OTHER_VALUES = (
    READ_FORM
    + "return Object.entries(values).some(([name, now]) => `${now}` !== `${arguments[1][name]}`) ? values : null;"
)
# Notes from before any script of the page: each part as it stood in the file
# and when its figure first was live, every rendering, every violation of the policy.
NOTES = (
    NORMAL
    + """
window.notes = { static: {}, live: {}, renderings: [], violations: [] };
function note(figure, notes) {
  notes[figure.dataset.uid] ??= Object.fromEntries(
    [...figure.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, normal(part)]));
}
document.addEventListener("DOMContentLoaded", () => {
  for (const figure of document.querySelectorAll("[data-uid]")) note(figure, window.notes.static);
});
new MutationObserver((changes) => {
  for (const { target } of changes) if (target.dataset.state === "live") note(target, window.notes.live);
}).observe(document, { subtree: true, attributeFilter: ["data-state"] });
document.addEventListener("cutaway:render",
  (event) => window.notes.renderings.push({ uid: event.target.uid, answer: event.detail }));
document.addEventListener("securitypolicyviolation",
  (event) => window.notes.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
)
# A reader who does not scroll: nothing ever comes into sight.
UNSEEN = "window.IntersectionObserver = class { observe() {} unobserve() {} disconnect() {} };"
# What is far from the screen is neither styled nor laid out until it comes near (far.css): bring all of it near.
NEAR = """
for (const far of document.querySelectorAll("body *"))
  if (getComputedStyle(far).contentVisibility === "auto") far.style.contentVisibility = "visible";
"""
# What comes into sight above a figure may push it out again; then a reader scrolls on.
SCROLL_UNTIL_LIVE = """
const figure = document.querySelector(arguments[0]);
if (!figure) return false;
const { top, bottom } = figure.getBoundingClientRect();
if (bottom < 0 || top > innerHeight) figure.scrollIntoView();
return figure.dataset.state === "live";
"""
# What a figure that does not go live says of itself, and where it stands.
SAYS = """
const figure = document.querySelector(arguments[0]);
const { top, bottom } = figure.getBoundingClientRect();
const said = [...figure.querySelectorAll("[data-doing], [data-step], [data-bytes], [data-failure]")];
return `${said.map((one) => one.textContent).join(" / ")} (${Math.round(top)} to ${Math.round(bottom)} of ${innerHeight})`;
"""


def scroll_to(driver: Driver, figure: Figure) -> None:
    """Bring a figure into view, as a reader does."""
    wait_for(
        driver, "return !!document.querySelector(arguments[0])", figure.css, what=f"{figure} on the page"
    )
    driver.run("document.querySelector(arguments[0]).scrollIntoView()", figure.css)


def go_live(driver: Driver, figure: Figure) -> None:
    """Scroll to a figure and wait until it is live."""
    scroll_to(driver, figure)
    try:
        wait_for(driver, SCROLL_UNTIL_LIVE, figure.css, what=f"{figure} going live")
    except AssertionError as error:
        error.add_note(f"It is {state(driver, figure)}, and the page says: {driver.run(SAYS, figure.css)}")
        raise


def wait_until(driver: Driver, figure: Figure, wanted: str) -> None:
    """Wait until a figure is in a state."""
    script = "return document.querySelector(arguments[0]).dataset.state === arguments[1]"
    wait_for(driver, script, figure.css, wanted, what=f"{figure} being {wanted}")


def reset(driver: Driver, figure: Figure) -> Twin:
    """Press Reset and wait for the first state; gives the figure's twin in that state."""
    driver.click(f"{figure.css} [data-action=reset]")
    twin = Twin(figure)
    expect_shown(driver, figure, twin.parts)
    twin.holds(values(driver, figure))
    return twin


def state(driver: Driver, figure: Figure) -> str:
    """A figure's state."""
    return driver.run("return document.querySelector(arguments[0]).dataset.state", figure.css)


def values(driver: Driver, figure: Figure) -> dict[str, list[str]]:
    """What a figure's form holds, as the form would send it."""
    return driver.run(VALUES, figure.css)


def text(driver: Driver, figure: Figure, part: str) -> str:
    """The text of one part."""
    css = f'{figure.css} [data-part="{part}"]'
    return driver.run("return document.querySelector(arguments[0]).textContent", css).strip()


def expect_shown(driver: Driver, figure: Figure, parts: Parts) -> None:
    """Wait until the figure's results are those of CPython's parts, as `same` compares."""
    end = time.monotonic() + PATIENCE / 3
    while True:
        pairs: dict[str, Any] = driver.run(SHOWN_AND_WANTED, figure.css, results(parts))
        wrong = {name: pair for name, pair in pairs.items() if not same(figure, *pair)}
        if not wrong:
            return
        if time.monotonic() > end:
            name, (shown, wanted) = next(iter(wrong.items()))
            lines = difflib.unified_diff(
                wanted.splitlines(), shown.splitlines(), "CPython", "page", lineterm="", n=0
            )
            raise AssertionError(
                f"the {name} of {figure}, state {state(driver, figure)}:\n" + "\n".join(lines)
            )
        time.sleep(0.02)
