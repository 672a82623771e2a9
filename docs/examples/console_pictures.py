"""Draw the pictures of the console's page: a server with the plate, its simulated run, a browser.

python docs/examples/console_pictures.py docs/pictures        (needs Chromium and the package playwright)
"""

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from fluoropose.cli.environment import prepare_shipped_cases
from fluoropose.evaluation.server_process import server_process
from fluoropose.io.bundles import shipped_models_root

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WITH_WEBGL = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
WAIT_MS = 300_000

WITH_OBJECT, CYCLE = 160, 178
"""Of so many frames of the simulated run the first show the object (service/console/src/simulation.ts)."""


def save(page, status, path):
    """Keep the page as it is while the status is shown: LOST of a frame without the object, TRACKING of one with it."""
    while True:
        page.wait_for_selector(f".pane[data-status='{status}']")
        data, pane = page.screenshot(), page.locator(".pane")
        empty = int(pane.get_attribute("data-seq")) % CYCLE >= WITH_OBJECT
        if pane.get_attribute("data-status") == status and empty == (status == "LOST"):
            break
        page.wait_for_timeout(200)
    Image.open(io.BytesIO(data)).convert("RGB").save(path, quality=45, method=6)
    print(f"{path}: {path.stat().st_size // 1000} kB")


def draw(page, address, out):
    """Take the pictures while the simulated run goes on."""
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.wait_for_selector(".sources .main:enabled")
    page.locator(".sources select").select_option("plate")
    page.locator(".sources input[type=number]").fill("5")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_selector(".pane[data-status='TRACKING']")
    page.wait_for_timeout(15_000)
    save(page, "TRACKING", out / "console-live.webp")
    save(page, "LOST", out / "console-lost.webp")
    page.get_by_role("button", name="Stop", exact=True).click()


def main():
    """Serve the plate, open the page, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"expected one of {', '.join(BROWSERS)}, got none")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        cases = Path(folder)
        shutil.copytree(prepare_shipped_cases() / "plate", cases / "plate")
        with server_process(cases, shipped_models_root(), 1, "cpu") as server:
            started = playwright.chromium.launch(executable_path=browser, args=WITH_WEBGL)
            draw(started.new_page(viewport={"width": 1280, "height": 720}), server.http, out)
            started.close()


if __name__ == "__main__":
    main()
