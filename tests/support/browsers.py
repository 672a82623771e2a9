"""The browser that tests of the console's page use: the distribution's Chromium, driven by Playwright."""

import importlib.util
import shutil
import time

__all__ = ["BROWSER_OPTIONS", "PATIENT_MS", "browser_path", "until", "wait_for"]

BROWSER_OPTIONS = ["--no-sandbox", "--enable-unsafe-swiftshader"]
"""Run as any user, and have WebGL2 without a graphics card; the page itself is put together by the CPU."""

PATIENT_MS = 60_000


def browser_path() -> str | None:
    """Return where the browser is, None without one or without Playwright."""
    if importlib.util.find_spec("playwright") is None:
        return None
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


def wait_for(true, seconds=PATIENT_MS / 1000):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def until(page, expression):
    """Wait until an expression is true: the page's policy lets nobody evaluate text in it on a timer."""
    wait_for(lambda: page.evaluate(expression))


def track_simulated_run(page):
    """Start the simulated run of the small case, whose object never leaves, and see it tracked with an outline."""
    until(page, "document.querySelector('.sources select').value === 'small'")
    until(page, "!document.querySelector('.sources .main').disabled")
    page.locator(".sources input[type=checkbox]").first.uncheck()
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_selector(".pane[data-status='TRACKING']")
    assert int(page.locator(".pane").get_attribute("data-polygons")) >= 1
