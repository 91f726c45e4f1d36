"""How a test changes a figure: by keyboard or mouse, as a reader would."""

from collections.abc import Iterable

from demos_py.core import params
from tests.browser import shown
from tests.browser.drivers import Driver, wait_for
from tests.browser.figures import Figure, Twin, results

OPEN_FOLD = """
const fold = document.querySelector(arguments[0]).closest("details");
if (fold && !fold.open) fold.querySelector("summary").click();
"""


def ends(buttons: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first and the last button of each event: a row of 24 tokens is one kind of button."""
    values: dict[str, list[str]] = {}
    for event, value in buttons:
        values.setdefault(event, []).append(value)
    return [(event, value) for event, many in values.items() for value in dict.fromkeys((many[0], many[-1]))]


def set_otherwise(driver: Driver, figure: Figure, name: str) -> None:
    """Give a control another value."""
    control, css = params.controls(figure.base)[name], figure.control(name)
    now = getattr(figure.base, name)
    driver.run(OPEN_FOLD, css)
    if isinstance(control, params.Slider):
        driver.press(css, "Home" if now == control.high else "End")
    elif isinstance(control, params.Numbers):
        driver.fill(css, control.show(control.low))
    elif isinstance(control, params.Number):
        driver.fill(css, control.show(control.high if now != control.high else control.low))
    elif isinstance(control, params.Text):
        driver.fill(css, "the the Lyon, France")
    elif isinstance(control, params.Choice):
        driver.choose(css, [option for option in control.options if option != now][-1])
    elif isinstance(control, params.Arrangement):
        driver.click(figure.button("move", f"{now[0]}:1"))
    else:
        raise TypeError(f"this test does not know how to set a {control.kind}")


def change_control(driver: Driver, figure: Figure, twin: Twin, name: str) -> None:
    """Give a control another value; assert that the figure's results become what they become in CPython."""
    first, before = results(twin.parts), shown.values(driver, figure)
    set_otherwise(driver, figure, name)
    other = wait_for(driver, shown.OTHER_VALUES, figure.css, before, what=f"another value of {name}")
    wanted = twin.change(other)
    assert results(wanted) != first
    shown.expect_shown(driver, figure, wanted)
    twin.holds(shown.values(driver, figure))


def press_button(driver: Driver, figure: Figure, twin: Twin, event: str, value: str) -> None:
    """Press a button; assert that it does what it does in CPython."""
    first, button = twin.parts, figure.button(event, value)
    if event == "measure":  # times are another machine's every time
        driver.click(button)
        reading = f"{figure.css} [data-part=reading]"
        measured = "return document.querySelector(arguments[0]).textContent.includes('Measured here')"
        wait_for(driver, measured, reading, what="a measurement")
        return
    wanted = twin.press(event, value)
    held = driver.run("return document.querySelector(arguments[0]).getAttribute('aria-pressed')", button)
    assert wanted != first or held == "true"
    driver.click(button)
    shown.expect_shown(driver, figure, wanted)
    twin.holds(shown.values(driver, figure))


def change_something(driver: Driver, figure: Figure, twin: Twin) -> None:
    """Change a figure's first control or, where it has none, press its last button."""
    names = list(params.controls(figure.demo.params))
    if names:
        change_control(driver, figure, twin, names[0])
    else:
        press_button(driver, figure, twin, *figure.buttons()[-1])
