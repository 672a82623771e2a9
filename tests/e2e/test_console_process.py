"""The console's page before a server process of its own: over TLS with keys, and when the process ends."""

import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from fluoropose.evaluation.server_process import free_ports, wait_until_ready
from support.browsers import PATIENT_MS, track_simulated_run, until
from support.doors import guarded_by

pytestmark = pytest.mark.browser


@contextmanager
def serving(cases_root, models_root, port, *words, authority=None):
    """Run a server process at a port, and end it at once, as one that fails."""
    (grpc_port,) = free_ports(1)
    command = [sys.executable, "-m", "fluoropose", "serve", "--cases", cases_root, "--models", models_root]
    command += ["--read-only", "--port", port, "--grpc-port", grpc_port, "--threads", 1, "--device", "cpu"]
    process = subprocess.Popen([str(word) for word in [*command, "--log-level", "warning", *words]])
    address = f"http://127.0.0.1:{port}" if authority is None else f"https://localhost:{port}"
    try:
        wait_until_ready(process, address, authority)
        yield address
    finally:
        process.kill()
        process.wait()


@contextmanager
def opened(browser, address):
    """Open the page in a context that takes any certificate; what its policy forbids is a complaint."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 720})
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.set_default_timeout(PATIENT_MS)
    try:
        page.goto(address)
        yield page
        assert complaints == []
    finally:
        context.close()


def test_over_tls_with_keys_the_simulated_run_is_tracked(browser, cases_root, models_root, tmp_path):
    """The page, its calls and its WebSockets are encrypted alike, and the key is in no address: tickets are."""
    options, authority, token = guarded_by(tmp_path)
    (port,) = free_ports(1)
    with (
        serving(cases_root, models_root, port, *options, authority=authority) as address,
        opened(browser, address) as page,
    ):
        sockets, asked = [], []
        page.on("websocket", lambda one: sockets.append(one.url))
        page.on("request", lambda one: asked.append(one.url))
        page.locator("dialog input").fill(token)
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog", state="hidden")
        track_simulated_run(page)
        # A frame may be unsure where a busy machine passed over those before it.
        page.wait_for_selector(".status:has-text('TRACKING')")
        roads = sorted(one.partition("?")[0].rpartition("/")[2] for one in sockets)
        assert roads == ["stream", "watch"]
        assert all(one.startswith(f"wss://localhost:{port}/v1/") and "ticket=" in one for one in sockets)
        assert asked and all(one.startswith(f"https://localhost:{port}/") for one in asked)
        assert not any(token in one for one in [*sockets, *asked])


def test_when_the_process_ends_the_page_says_so_and_goes_on_with_the_next_one(
    browser, cases_root, models_root, tmp_path, frame
):
    """Nothing of the first process is left, not even its sessions: the page opens its own again and sends on."""
    (port,) = free_ports(1)
    np.save(tmp_path / "stack.npy", np.stack([frame] * 2000))
    with serving(cases_root, models_root, port) as address:
        context = opened(browser, address)
        page = context.__enter__()
        until(page, "document.querySelector('.sources select').value === 'small'")
        page.locator(".sources input[type=file]").set_input_files(tmp_path / "stack.npy")
        for at, value in ((2, 1.5), (3, 1100)):
            page.locator(".files input[type=number]").nth(at).fill(str(value))
        page.locator(".files").get_by_role("button", name="Send").click()
        page.wait_for_selector(".pane[data-seq]")
        first = page.locator(".left select").first.input_value()
    try:
        page.wait_for_selector(".banner:not([hidden])")
        assert "does not answer" in page.locator(".banner").text_content()
        until(page, "document.querySelector('.status').textContent === 'no result yet'")
        with serving(cases_root, models_root, port):
            page.wait_for_selector(".banner", state="hidden")
            until(page, f"!['', '{first}'].includes(document.querySelector('.left select').value)")
            page.wait_for_selector(".pane[data-seq]")
            until(page, "document.querySelector('.status').textContent !== 'no result yet'")
    finally:
        context.__exit__(None, None, None)
