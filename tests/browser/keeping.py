"""How a test keeps a chapter or the book, as a reader does."""

from tests.browser.drivers import Driver, wait_for
from tests.browser.serving import Site

SAYS = "document.querySelector('cutaway-keep').textContent"
OFFERED = "return !!document.querySelector(`cutaway-keep [data-act=${arguments[0]}]`)"


def wait_to_offer(driver: Driver, act: str) -> None:
    """Scroll to the element until it offers this."""
    wait_for(driver, "return !!document.querySelector('cutaway-keep')", what="the element")
    driver.run("document.querySelector('cutaway-keep').scrollIntoView({ block: 'center' })")
    wait_for(driver, OFFERED, act, what=f"an offer to {act}")


def press(driver: Driver, act: str) -> None:
    """Press a button of it."""
    driver.click(f"cutaway-keep [data-act={act}]")


def keep(driver: Driver, site: Site, page: str, act: str) -> None:
    """Keep a chapter ("chapter") or all ("book"), from this page; then go there once more, by the service worker."""
    driver.open(site.home + page)
    wait_to_offer(driver, act)
    press(driver, act)
    wait_to_offer(driver, "remove")
