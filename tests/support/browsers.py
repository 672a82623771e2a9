"""The browser that tests of the console's page use: the distribution's Chromium, driven by Playwright."""

import importlib.util
import shutil

__all__ = ["BROWSER_OPTIONS", "browser_path"]

BROWSER_OPTIONS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
"""Run as any user, and have WebGL2 without a graphics card."""


def browser_path() -> str | None:
    """Return where the browser is, None without one or without Playwright."""
    if importlib.util.find_spec("playwright") is None:
        return None
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
