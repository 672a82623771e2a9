"""What goes wrong before the console's page: other writers, ended sessions, files that are none, no WebGL2, a small screen."""

import json

import numpy as np
import pytest

from fluoropose.io.frames import npy_bytes
from fluoropose.serving.session_registry import SessionRegistry
from fluoropose.transports.http.schemas import camera_json
from support.browsers import PATIENT_MS, until, wait_for
from support.wire import send

pytestmark = pytest.mark.browser


@pytest.fixture
def opening(camera, pose):
    return {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}


def words_say(page, text):
    until(page, f"document.querySelector('.words').textContent.includes({json.dumps(text)})")


def chosen_session(page):
    until(page, "document.querySelector('.left select').value !== ''")
    page.wait_for_timeout(500)


def write_files(page, tmp_path, frame, count):
    """Let the page send a stack of frames; they go on for as long as the test needs."""
    np.save(tmp_path / "stack.npy", np.stack([frame] * count))
    until(page, "document.querySelector('.sources select').value === 'small'")
    page.locator(".sources input[type=file]").set_input_files(tmp_path / "stack.npy")
    form = page.locator(".files")
    for at, value in ((2, 1.5), (3, 1100)):
        form.locator("input[type=number]").nth(at).fill(str(value))
    form.get_by_role("button", name="Send").click()
    page.wait_for_selector(".pane[data-seq]")


def test_two_writers(page, served, service, tmp_path, frame):
    """A second writer is refused, and the page goes on; one that takes over ends the page's run, which says so."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    write_files(page, tmp_path, frame, 400)
    (session,) = served.get("/v1/sessions").json()
    address = f"ws://{served.base_url.host}:{served.base_url.port}/v1/sessions/{session['session']}/stream"
    with connect(address) as other, pytest.raises(ConnectionClosed) as refused:
        other.recv(timeout=10)
    assert refused.value.rcvd.code == 4409
    before = int(page.locator(".pane").get_attribute("data-seq"))
    wait_for(lambda: int(page.locator(".pane").get_attribute("data-seq")) > before)
    with connect(f"{address}?takeover=true"):
        words_say(page, "Another writer took the session over")
        assert page.get_by_role("button", name="Start", exact=True).is_visible()
        assert served.get(f"/v1/sessions/{session['session']}").status_code == 200


def test_a_session_that_expires_is_told(page, served, service, opening, frame, monkeypatch):
    monkeypatch.setattr(service, "sessions", SessionRegistry(idle_s=2.0))
    session = served.post("/v1/sessions", json=opening).json()["session"]
    chosen_session(page)
    send(served, session, npy_bytes(frame), seq=0)
    page.wait_for_selector(".pane[data-seq='0']")
    words_say(page, "The session expired")
    assert page.locator(".status").text_content() == "no result yet"


def test_without_webgl2_frames_are_drawn_with_the_canvas_and_space_says_why_not(browser, served, opening, frame):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENT_MS)
    page.add_init_script(
        """const real = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind.startsWith("webgl") ? null : real.call(this, kind, ...rest);
        };"""
    )
    page.goto(str(served.base_url))
    session = served.post("/v1/sessions", json=opening).json()["session"]
    chosen_session(page)
    send(served, session, npy_bytes(frame), seq=0)
    page.wait_for_selector(".pane[data-seq='0'][data-painter='2d']")
    assert "WebGL2 is absent" in page.locator(".flat").text_content()
    page.keyboard.press("d")
    words_say(page, "needs WebGL2")
    page.close()


def test_without_a_graphics_card_the_canvas_is_quicker_and_space_is_there(page, served, opening, frame):
    """WebGL2 by software costs the processor twice as much for the same picture."""
    page.goto(f"{served.base_url}?webgl2")
    if page.locator(".pane").get_attribute("data-painter") != "WebGL2":
        pytest.skip("this browser has no WebGL2")
    page.goto(str(served.base_url))
    name = page.evaluate(
        "(() => { const gl = document.createElement('canvas').getContext('webgl2');"
        " return gl.getParameter(gl.getExtension('WEBGL_debug_renderer_info').UNMASKED_RENDERER_WEBGL); })()"
    )
    by_software = "SwiftShader" in name or "llvmpipe" in name
    assert page.locator(".pane").get_attribute("data-painter") == ("2d" if by_software else "WebGL2")
    assert page.locator(".flat").count() == 0
    page.keyboard.press("d")
    page.wait_for_selector(".space canvas")


def drop(page, name, head, count):
    """Drop a file of so many bytes that begins with others, as a person does."""
    page.evaluate(
        """([name, head, count]) => {
          const bytes = new Uint8Array(count);
          bytes.set(Uint8Array.from(atob(head), (one) => one.charCodeAt(0)));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name));
          document.querySelector(".live").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
        }""",
        [name, head, count],
    )


def head_of(shape, dtype):
    """The first bytes of an npy file, base64."""
    import base64
    import io

    stream = io.BytesIO()
    words = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, words)
    return base64.b64encode(stream.getvalue()).decode()


def test_a_drop_of_more_than_64_mib(page, served):
    """As one frame it is refused before it is sent; as a stack its frames are; other bytes are no frames."""
    until(page, "document.querySelector('.sources select').value === 'small'")
    megabytes = 66 * 2**20
    drop(page, "one.npy", head_of((8192, 8192), np.uint8), megabytes)
    words_say(page, "at most 4096 × 4096 pixels and 64 MiB, got more in one.npy")
    assert page.locator(".files").is_hidden()
    drop(page, "stack.npy", head_of((130, 512, 512), np.uint16), 2 * megabytes)
    page.wait_for_selector(".files:not([hidden])")
    assert "130 frames, 512 × 512 uint16" in page.locator(".files").text_content()
    drop(page, "other.bin", "", megabytes)
    words_say(page, "at most 4096 × 4096 pixels and 64 MiB, got more in other.bin")
    drop(page, "complex.npy", head_of((8, 8), np.complex64), 4096)
    words_say(page, "Expected pixels of uint8, uint16 or float32")
    drop(page, "short.npy", head_of((64, 64), np.uint16), 500)
    words_say(page, "short.npy is damaged or cut short")


def touch(session, kind, *points):
    session.send(
        "Input.dispatchTouchEvent",
        {"type": kind, "touchPoints": [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]},
    )


def test_on_a_tablet_a_start_is_set_with_fingers(browser, served, tmp_path, frame):
    """One finger moves, with `M` it turns; two change the depth and turn in the plane. All of it fits the screen."""
    context = browser.new_context(viewport={"width": 820, "height": 1180}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(PATIENT_MS)
    page.goto(str(served.base_url))
    write_files(page, tmp_path, frame, 3)
    assert page.evaluate("document.documentElement.scrollWidth") <= 820
    sizes = page.locator("button:visible").evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")
    assert min(sizes) >= 30
    asked = []
    page.on("request", lambda one: asked.append(json.loads(one.post_data)) if one.url.endswith("/v1/render") else None)
    until(page, "!document.querySelectorAll('.tools button')[5].disabled")
    page.get_by_role("button", name="Set start").tap()
    wait_for(lambda: asked)
    box = page.locator(".drawing").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = context.new_cdp_session(page)

    def poses(*steps):
        """The pose before and after some moves of fingers."""
        before = np.array(asked[-1]["camera_from_volume"])
        touch(fingers, "touchStart", *steps[0])
        for step in steps[1:]:
            touch(fingers, "touchMove", *step)
        touch(fingers, "touchEnd")
        page.wait_for_timeout(700)
        return before, np.array(asked[-1]["camera_from_volume"])

    before, after = poses([(x, y)], [(x + 30, y)], [(x + 60, y)])
    assert after[0, 3] > before[0, 3] + 5 and np.allclose(before[:3, :3], after[:3, :3])
    before, after = poses([(x - 40, y), (x + 40, y)], [(x - 60, y), (x + 60, y)])
    assert after[2, 3] < before[2, 3] - 20 and np.allclose(before[:3, :3], after[:3, :3], atol=0.02)
    before, after = poses([(x - 60, y), (x + 60, y)], [(x - 55, y - 20), (x + 55, y + 20)])
    turned = after[:3, :3] @ before[:3, :3].T
    assert 10 < np.rad2deg(np.arctan2(turned[1, 0], turned[0, 0])) < 30
    page.get_by_role("button", name="One finger turns").tap()
    before, after = poses([(x, y)], [(x + 30, y)])
    turned = after[:3, :3] @ before[:3, :3].T
    assert abs(turned[0, 2]) > 0.02 and abs(turned[1, 0]) < 0.02
    begin = page.get_by_role("button", name="Begin here")

    def has_begun():
        """Tap until it is taken: a browser may take one just after other fingers for a gesture."""
        if begin.is_visible():
            begin.tap()
            page.wait_for_timeout(500)
        return begin.is_hidden()

    wait_for(has_begun)
    context.close()


def luminance(colour):
    """Relative luminance of #rrggbb, WCAG 2."""
    shares = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    linear = np.where(shares <= 0.03928, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_texts_stand_out_by_the_contrast_that_wcag_asks_for(page, theme):
    """4.5 to 1 for every colour of text on both grounds, and on the button that is filled."""
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    style = page.evaluate(
        "(() => { const all = getComputedStyle(document.documentElement); return Object.fromEntries("
        "['back', 'raised', 'text', 'faint', 'accent', 'good', 'doubt', 'lost', 'on-accent'].map((one) => [one, all.getPropertyValue('--' + one).trim()])); })()"
    )

    def contrast(one, other):
        high, low = sorted((luminance(style[one]), luminance(style[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    pairs = [
        (one, ground) for one in ("text", "faint", "accent", "good", "doubt", "lost") for ground in ("back", "raised")
    ]
    assert {
        pair: round(contrast(*pair), 1) for pair in [*pairs, ("on-accent", "accent")] if contrast(*pair) < 4.5
    } == {}


def test_everything_is_reached_by_keyboard(page, served, opening, frame):
    """Every button, field and picture that is seen has the focus in turn, and shows that it has."""
    session = served.post("/v1/sessions", json=opening).json()["session"]
    chosen_session(page)
    send(served, session, npy_bytes(frame), seq=0)
    page.wait_for_selector(".pane[data-seq='0']")
    wanted = page.evaluate(
        "Array.from(document.querySelectorAll('button, select, input, canvas[tabindex]')).filter((one) => one.offsetParent && !one.disabled).length"
    )
    page.evaluate("document.activeElement.blur(); window.reached = new Set()")
    for _ in range(wanted + 3):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "(() => { const one = document.activeElement; if (one !== document.body) window.reached.add(one); return [window.reached.size, getComputedStyle(one).outlineStyle, one.tagName]; })()"
        )
        assert seen[1] != "none" or seen[2] == "BODY"
    assert seen[0] >= wanted
