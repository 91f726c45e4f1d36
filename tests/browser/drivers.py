"""Three browsers behind one small interface, so that a test is written once."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from playwright.sync_api import Browser, ConsoleMessage, Error, Frame, Page, Playwright, Request
from selenium.common.exceptions import ElementNotInteractableException
from selenium.webdriver import WebKitGTK, WebKitGTKOptions
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.webkitgtk.service import Service

ENGINES = ("chromium", "firefox", "webkit")
CHROMIUM, FIREFOX, WEBKIT_DRIVER = "/usr/bin/chromium", "/usr/bin/firefox-esr", "/usr/bin/WebKitWebDriver"
SIZE = (1280, 900)
# WebGPU without a GPU: right, and slow.
WITH_WEBGPU = ("chromium-webgpu", "firefox-webgpu")
WEBGPU_ARGUMENTS = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
WEBGPU_PREFERENCES: dict[str, str | float | bool] = {
    "dom.webgpu.enabled": True,
    "dom.webgpu.workers.enabled": True,
    "gfx.webgpu.ignore-blocklist": True,
}
PATIENCE = 90.0  # seconds: longer than any start on a crowded machine, of a model in WebKit too

# Collects what a page complains about, where the browser's driver does not tell.
WATCH = """
window.complaints = [];
for (const level of ["error", "warn"]) {
  const say = console[level];
  console[level] = (...words) => { window.complaints.push(`${level}: ${words.join(" ")}`); say(...words); };
}
// that a size is told a frame later, as browsers may, is no error, but WebKit reports it as one
const late = "ResizeObserver loop completed with undelivered notifications.";
addEventListener("error",
  (event) => event.message === late || window.complaints.push(`error: ${event.message}`), true);
addEventListener("unhandledrejection", (event) => window.complaints.push(`rejected: ${event.reason}`));
document.addEventListener("securitypolicyviolation",
  (event) => window.complaints.push(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""

# A frame that loads lazily holds an empty page first, and what is noted there is lost with it.
LOADED = "return document.readyState === 'complete' && location.href !== 'about:blank'"


class Driver(Protocol):
    """What the tests need of a browser. Selectors are CSS; keys have the names of `KeyboardEvent.key`."""

    def open(self, address: str) -> None:
        """Load a page anew."""
        ...

    def run(self, script: str, *values: Any) -> Any:
        """The value that a function's body returns in the page; it finds `values` in `arguments`."""
        ...

    def press(self, selector: str, key: str) -> None:
        """Focus an element and press a key."""
        ...

    def fill(self, selector: str, text: str) -> None:
        """Replace what a field holds by typing."""
        ...

    def choose(self, selector: str, value: str) -> None:
        """Choose an option of a select."""
        ...

    def click(self, selector: str) -> None:
        """Click with the mouse."""
        ...

    def enter(self, selector: str) -> None:
        """Go on inside a frame of the page, until the next `open`."""
        ...

    def complaints(self) -> list[str]:
        """Console errors and warnings, uncaught errors, and requests that failed."""
        ...

    def close(self) -> None: ...


def wait_for(driver: Driver, script: str, *values: Any, what: str = "") -> Any:
    """The first true value that a function's body returns in the page, or in the one that comes after it."""
    script = f"if (!document.body) return null; {script}"  # the one after it begins as an empty document
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if found := driver.run(script, *values):
                return found
        except Error as error:
            if "context was destroyed" not in error.message:
                raise
        time.sleep(0.02)
    raise AssertionError(f"{what or script} did not come true in {PATIENCE:.0f} seconds")


def lost(request: Request) -> bool:
    """Whether a request failed of itself; Firefox names so what it gave up asking for when the page was left."""
    return request.failure != "NS_BINDING_ABORTED"


# Chromium says that there is no GPU. Firefox lays out a formula before the rest of it has arrived, and says that it is short.
NO_COMPLAINTS = ("No available adapters.", "Incorrect number of children for <m")


def complains(message: ConsoleMessage) -> bool:
    """Whether a page's console message is a complaint."""
    return message.type in ("error", "warning") and not message.text.startswith(NO_COMPLAINTS)


class PlaywrightDriver:
    """A page of Chromium or Firefox. `self.page` is Playwright's, for what only it can do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._inside: Page | Frame = page
        self._complaints: list[str] = []
        say = self._complaints.append
        page.on("console", lambda m: say(f"{m.type}: {m.text}") if complains(m) else None)
        page.on("pageerror", lambda error: say(f"error: {error}"))
        page.on(
            "requestfailed",
            lambda request: say(f"failed: {request.url} {request.failure}") if lost(request) else None,
        )
        page.on("response", lambda got: say(f"{got.status}: {got.url}") if got.status >= 400 else None)

    def open(self, address: str) -> None:
        self._inside = self.page
        self.page.goto(address)

    def run(self, script: str, *values: Any) -> Any:
        return self._inside.evaluate(
            f"(values) => (function () {{ {script} }}).apply(null, values)", list(values)
        )

    def press(self, selector: str, key: str) -> None:
        if self._inside is not self.page:
            self.click(selector)  # Firefox's keys go to the page until something in the frame was pressed
        self._inside.locator(selector).first.press(key)

    def fill(self, selector: str, text: str) -> None:
        self.press(selector, "Control+a")
        self.page.keyboard.type(text)

    def choose(self, selector: str, value: str) -> None:
        self._inside.locator(selector).first.select_option(value)

    def click(self, selector: str) -> None:
        self._inside.locator(selector).first.click()

    def enter(self, selector: str) -> None:
        frame = self._inside.wait_for_selector(selector).content_frame()
        assert frame, f"{selector} is no frame"
        frame.wait_for_url(lambda address: address != "about:blank")
        self._inside = frame

    def complaints(self) -> list[str]:
        return self._complaints

    def close(self) -> None:
        self.page.context.close()


class WebKitDriver:
    """WebKitGTK's MiniBrowser, on a display of its own."""

    KEYS: ClassVar = {
        "ArrowRight": Keys.ARROW_RIGHT,
        "End": Keys.END,
        "Home": Keys.HOME,
        "Enter": Keys.ENTER,
        "Escape": Keys.ESCAPE,
    }

    def __init__(self) -> None:
        width, height = SIZE
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
        self._screen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._screen.stdout
        display = f":{self._screen.stdout.readline().strip()}"
        options = WebKitGTKOptions()
        options.binary_location = str(next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")))
        options.add_argument("--automation")
        # without a GPU its pages are put together by Mesa's software, which now and then ends the browser
        environment = {**os.environ, "DISPLAY": display, "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
        service = Service(WEBKIT_DRIVER, env=environment)
        self._browser = WebKitGTK(options=options, service=service)
        self._browser.set_window_size(width, height)

    def open(self, address: str) -> None:
        self._browser.switch_to.default_content()
        self._framed = False
        self._browser.get(address)
        self.run(WATCH)

    def run(self, script: str, *values: Any) -> Any:
        return self._browser.execute_script(script, *values)

    def _element(self, selector: str) -> Any:
        return self._browser.find_element("css selector", selector)

    def _centre(self, selector: str) -> None:
        # the driver scrolls no farther than the edge, where the header covers it
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)

    def press(self, selector: str, key: str) -> None:
        self._reach(selector)
        self._type(self._element(selector), self.KEYS[key])

    def fill(self, selector: str, text: str) -> None:
        field = self._element(selector)
        self._reach(selector)
        self.run("arguments[0].focus(); arguments[0].select()", field)
        self._type(field, text)

    def _reach(self, selector: str) -> None:
        # keys go to the page until something in the frame was pressed
        if self._framed:
            self.click(selector)

    def _type(self, field: Any, keys: str) -> None:
        if not self._framed:
            return field.send_keys(keys)
        # the driver takes no element of a frame for one that can have the focus
        ActionChains(self._browser).send_keys(keys).perform()

    def choose(self, selector: str, value: str) -> None:
        self._centre(selector)
        Select(self._element(selector)).select_by_value(value)

    def click(self, selector: str) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            self._centre(selector)
            try:
                return self._element(selector).click()
            except ElementNotInteractableException:
                # what came into sight above it has pushed it out
                if time.monotonic() > end:
                    raise

    def enter(self, selector: str) -> None:
        self._browser.switch_to.frame(self._element(selector))
        self._framed = True
        wait_for(self, LOADED)
        self.run(WATCH)

    def complaints(self) -> list[str]:
        return self.run("return window.complaints")

    def close(self) -> None:
        self._browser.quit()
        self._screen.terminate()
        self._screen.wait()


def launch(playwright: Playwright, engine: str) -> Browser:
    """A browser of the system's, driven by Playwright; with a software adapter for WebGPU if named so."""
    if engine.startswith("firefox"):
        # automation allows a file more than a reader's Firefox does
        preferences = {"security.fileuri.strict_origin_policy": True}
        preferences |= WEBGPU_PREFERENCES if engine in WITH_WEBGPU else {}
        return playwright.firefox.launch(
            channel="moz-firefox", executable_path=FIREFOX, firefox_user_prefs=preferences
        )
    return playwright.chromium.launch(
        executable_path=CHROMIUM, args=WEBGPU_ARGUMENTS if engine in WITH_WEBGPU else []
    )


def fresh(engine: str, browsers: Callable[[str], Browser]) -> Driver:
    """A browser that has seen nothing; its `close` is the caller's to call."""
    if engine == "webkit":
        return WebKitDriver()
    context = browsers(engine).new_context(viewport={"width": SIZE[0], "height": SIZE[1]})
    return PlaywrightDriver(context.new_page())


def missing() -> Sequence[str]:
    """The browsers that this machine lacks."""
    return [path for path in (CHROMIUM, FIREFOX, WEBKIT_DRIVER) if not Path(path).exists()]
