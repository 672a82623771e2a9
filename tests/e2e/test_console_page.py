"""The console's page in a browser, before a real server: what is drawn is where the service says that it is."""

import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.io.frames import npy_bytes
from fluoropose.serving.api_keys import KeyRing, add_key
from fluoropose.serving.case_store import CaseStore
from fluoropose.serving.wiring import wire_serving
from fluoropose.transports.http.schemas import camera_json
from support.browsers import PATIENT_MS, track_simulated_run, until, wait_for
from support.running_app import running_app
from support.serving import started_service
from support.wire import send

pytestmark = pytest.mark.browser

OUTLINE = np.array([86, 180, 233])


@pytest.fixture
def opening(camera, pose):
    return {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist(), "include": ["outline"]}


def pixels_of(page):
    """What is seen of the pane, (rows, columns, 3)."""
    shown = Image.open(io.BytesIO(page.locator(".pane").screenshot()))
    return np.asarray(shown.convert("RGB")).astype(int)


def outlined(seen):
    """Return the (column, row) of the pixels that have the outline's colour."""
    return np.argwhere(np.abs(seen - OUTLINE).max(axis=2) < 30)[:, ::-1]


def require_drawn(page, frame, outline):
    """The frame is drawn with its outline, both fitted into the pane's middle, to within a pixel of the screen."""
    seen, (rows, columns) = pixels_of(page), frame.shape
    scale = float(page.locator(".pane").get_attribute("data-scale"))
    centre = (np.array(seen.shape[1::-1]) - 1) / 2
    points = np.concatenate([np.array(one) for one in outline])
    expected = centre + scale * (points - (np.array([columns, rows]) - 1) / 2)
    drawn = outlined(seen)
    assert len(drawn) > 100
    assert np.abs(drawn.min(axis=0) - expected.min(axis=0)).max() < 3
    assert np.abs(drawn.max(axis=0) - expected.max(axis=0)).max() < 3
    # Each drawn pixel lies on the outline: half of the line's width, and the corners between its points.
    distances = np.linalg.norm(drawn[:, None] - expected[None], axis=2).min(axis=1)
    assert np.median(distances) < 2.5
    at = np.round(centre + scale * (np.argwhere(np.ones_like(frame))[:, ::-1] - (np.array([columns, rows]) - 1) / 2))
    inside = ((at >= 4) & (at < np.array(seen.shape[1::-1]) - 4)).all(axis=1)
    greys = seen[at[inside, 1].astype(int), at[inside, 0].astype(int)]
    plain = np.ptp(greys, axis=1) == 0
    values = np.clip(frame.ravel()[inside][plain].astype(float), *np.percentile(frame, [0.5, 99.5]))
    assert plain.mean() > 0.8
    assert np.corrcoef(values, greys[plain, 0])[0, 1] > 0.97


@pytest.mark.parametrize("kind", ["WebGL2", "2d"])
def test_a_session_of_others_is_shown_with_its_outline(page, served, opening, frame, kind):
    page.goto(f"{served.base_url}?{'flat' if kind == '2d' else 'webgl2'}")
    session = served.post("/v1/sessions", json=opening).json()["session"]
    until(page, "document.querySelector('.left select').value !== ''")
    page.wait_for_timeout(500)
    answer = send(served, session, npy_bytes(frame), seq=0).json()
    pane = page.locator(".pane")
    page.wait_for_selector(".pane[data-seq='0']")
    if pane.get_attribute("data-painter") != kind:
        pytest.skip("this browser has no WebGL2")
    assert answer["status"] == pane.get_attribute("data-status") == "TRACKING"
    assert int(pane.get_attribute("data-polygons")) == len(answer["outline"])
    require_drawn(page, frame, answer["outline"])
    assert "TRACKING" in page.locator(".status").text_content()
    until(page, "document.querySelectorAll('.strip b')[5].textContent !== '–'")
    numbers = [float(one) for one in page.locator(".strip b").all_text_contents()[:6]]
    centre = np.array(answer["camera_from_volume"])[:3] @ np.append(volume_of(served)["centre_mm"], 1.0)
    assert np.allclose(numbers[:3], centre, atol=0.06)
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [1280, 720]


def volume_of(served):
    return served.get("/v1/cases/small").json()["volume"]


def test_an_object_that_is_lost_has_a_reason_and_neither_pose_nor_outline(page, served, opening, frame, rng):
    session = served.post("/v1/sessions", json=opening).json()["session"]
    until(page, "document.querySelector('.left select').value !== ''")
    page.wait_for_timeout(500)
    send(served, session, npy_bytes(frame), seq=0)
    page.wait_for_selector(".pane[data-status='TRACKING']")
    assert len(outlined(pixels_of(page))) > 100
    answer = send(served, session, npy_bytes(rng.integers(20000, 40000, (96, 128)).astype(np.uint16)), seq=1).json()
    page.wait_for_selector(".pane[data-status='LOST']")
    assert len(outlined(pixels_of(page))) == 0
    assert page.locator(".pane").get_attribute("data-polygons") == "0"
    wait_for(lambda: page.locator(".strip b").all_text_contents()[:6] == ["–"] * 6)
    assert "✕ LOST" in page.locator(".status").text_content()
    assert page.locator(".reason").text_content() == answer["reason_text"]
    assert "no pose" in page.locator(".facts").text_content()
    page.keyboard.press("3")
    assert answer["reason_text"] in page.locator(".log tbody tr").first.text_content()


def test_the_page_says_that_the_service_is_gone_and_comes_back(page, served, opening, frame):
    session = served.post("/v1/sessions", json=opening).json()["session"]
    until(page, "document.querySelector('.left select').value !== ''")
    page.context.set_offline(True)
    page.wait_for_selector(".banner:not([hidden])")
    assert "does not answer" in page.locator(".banner").text_content()
    page.context.set_offline(False)
    page.wait_for_selector(".banner", state="hidden")
    page.wait_for_timeout(2500)
    send(served, session, npy_bytes(frame), seq=5)
    page.wait_for_selector(".pane[data-seq='5']")
    served.delete(f"/v1/sessions/{session}")
    until(page, "document.querySelector('.words').textContent.includes('closed')")


def test_the_simulated_run_is_tracked_and_a_start_is_set_by_keyboard(page, served):
    track_simulated_run(page)
    (session,) = served.get("/v1/sessions").json()
    until(page, "!document.querySelectorAll('.tools button')[5].disabled")
    page.locator(".drawing").focus()
    page.keyboard.press("s")
    begin = page.get_by_role("button", name="Begin here")
    begin.wait_for()
    for key in ("ArrowRight", "Shift+ArrowUp", "q", "PageUp"):
        page.keyboard.press(key)
    assert page.locator(".pane").get_attribute("data-polygons") in ("0", "1", "2", "3")
    page.keyboard.press("Enter")
    begin.wait_for(state="hidden")
    page.wait_for_selector(".pane[data-status='TRACKING']")
    page.get_by_role("button", name="Stop", exact=True).click()
    wait_for(lambda: served.get(f"/v1/sessions/{session['session']}").status_code == 404)


def test_frames_of_files_are_sent_and_what_is_none_is_told(page, served, camera, frame, tmp_path):
    np.save(tmp_path / "stack.npy", np.stack([frame] * 3))
    np.save(tmp_path / "double.npy", frame.astype(np.float64))
    until(page, "document.querySelector('.sources select').value === 'small'")
    picker = page.locator(".sources input[type=file]")
    picker.set_input_files(tmp_path / "double.npy")
    until(page, "document.querySelector('.words').textContent.includes('got <f8')")
    picker.set_input_files(tmp_path / "stack.npy")
    form = page.locator(".files")
    form.wait_for()
    assert "3 frames, 96 × 128 uint16" in form.text_content()
    fields = form.locator("input[type=number]")
    for at, value in ((2, camera_spacing(camera)), (3, 1100)):
        fields.nth(at).fill(str(value))
    form.get_by_role("button", name="Send").click()
    page.wait_for_selector(".pane[data-seq='2']")


def camera_spacing(camera):
    return 1100.0 / camera.intrinsic_matrix[0, 0]


def test_a_refused_upload_is_told(page, tmp_path):
    page.keyboard.press("2")
    (tmp_path / "Not a CT.nii").write_bytes(b"nothing")
    page.locator(".upload input[type=file]").first.set_input_files(tmp_path / "Not a CT.nii")
    assert page.locator(".upload input[required]").nth(1).input_value() == "not-a-ct"
    assert (
        page.evaluate(
            "(() => { const form = document.querySelector('.upload'); form.reset(); return form.querySelectorAll('input[type=number]')[8].value; })()"
        )
        == "900"
    )
    page.locator(".upload input[type=file]").first.set_input_files(tmp_path / "Not a CT.nii")
    page.locator(".upload input").nth(1).fill("small")
    page.get_by_role("button", name="Upload").click()
    until(page, "document.querySelector('.page > .note').textContent.includes('read-only')")
    assert "ready" in page.locator(".page tbody").first.text_content()


def test_with_keys_the_page_asks_for_one_and_watches_with_tickets(service, browser, opening, frame, tmp_path):
    service.draining = False
    token = add_key(tmp_path / "keys.json", "console", ["infer"])
    head = {"X-API-Key": token}
    with running_app(wire_serving(service), keys=KeyRing(tmp_path / "keys.json"), console=True) as (client, _):
        page = browser.new_page()
        page.set_default_timeout(PATIENT_MS)
        page.goto(str(client.base_url))
        page.locator("dialog input").fill("wrong")
        page.keyboard.press("Enter")
        until(page, "document.querySelector('dialog .note').textContent !== ''")
        page.locator("dialog input").fill(token)
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog", state="hidden")
        session = client.post("/v1/sessions", json=opening, headers=head).json()["session"]
        until(page, "document.querySelector('.left select').value !== ''")
        page.wait_for_timeout(1000)
        meta = {"Content-Type": "application/x-npy", "X-Frame-Meta": json.dumps({"seq": 0}), **head}
        client.post(f"/v1/sessions/{session}/frames", content=npy_bytes(frame), headers=meta)
        page.wait_for_selector(".pane[data-seq='0']")
        assert token not in page.content()
        page.close()


def test_with_two_cameras_a_start_is_set_in_either_pane(page, served):
    """A move in the second pane is the same start in the first one, and what the track begins with."""
    until(page, "document.querySelector('.sources select').value === 'small'")
    until(page, "!document.querySelector('.sources .main').disabled")
    leaves, pair = (page.locator(".sources input[type=checkbox]").nth(n) for n in (0, 1))
    leaves.uncheck()
    pair.check()
    sent, asked = [], []
    page.on("websocket", lambda one: one.on("framesent", lambda words: sent.append(words)))
    page.on("request", lambda one: asked.append(json.loads(one.post_data)) if one.url.endswith("/v1/render") else None)
    page.get_by_role("button", name="Start", exact=True).click()
    wait_for(lambda: page.locator(".pane[data-status='TRACKING']").count() == 2)
    until(page, "!document.querySelectorAll('.tools button')[5].disabled")
    page.keyboard.press("s")
    begin = page.get_by_role("button", name="Begin here")
    begin.wait_for()
    page.wait_for_timeout(1500)
    second = page.locator(".pane").nth(1).locator(".drawing").bounding_box()
    x, y = second["x"] + second["width"] / 2, second["y"] + second["height"] / 2
    asked.clear()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=3)
    page.mouse.up()
    wait_for(lambda: len(asked) >= 2)
    page.wait_for_timeout(1500)
    front, side = (np.array(one["camera_from_volume"]) for one in asked[-2:])
    turn = side[:3, :3] @ front[:3, :3].T
    assert abs(np.rad2deg(np.arccos((np.trace(turn) - 1) / 2)) - 30) < 1e-3
    page.keyboard.press("Enter")
    begin.wait_for(state="hidden")
    begun = np.array(wait_for_restart(sent)["initial_pose"])
    assert any(np.allclose(begun, one, atol=1e-6) for one in (front, side))  # the world is the first camera's frame
    wait_for(lambda: page.locator(".pane[data-status='TRACKING']").count() == 2)
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [1280, 720]


def wait_for_restart(sent):
    """The newest restart that a page's WebSockets sent."""
    wait_for(lambda: any(isinstance(one, str) and '"restart"' in one for one in sent))
    return json.loads([one for one in sent if isinstance(one, str) and '"restart"' in one][-1])


@pytest.fixture
def twins(cases_root, models_root, tmp_path):
    """A client of a server with the small case and its twin of another name."""
    for root, kind in ((cases_root, "cases"), (models_root, "models")):
        for name in ("small", "twin"):
            shutil.copytree(root / "small", tmp_path / kind / name)
    service = started_service(
        tmp_path / "cases", tmp_path / "models", store=CaseStore.open(tmp_path / "cases", read_only=True)
    )
    with running_app(wire_serving(service), console=True) as (client, _):
        yield client


def test_two_objects_have_an_outline_and_a_status_each(browser, twins, small_case, camera, pose):
    """Each is outlined where it is; where one has left, the other one stays."""
    poses = {"small": pose.copy(), "twin": pose.copy()}
    poses["small"][0, 3], poses["twin"][0, 3] = -32.0, 32.0
    cases = [{"case": name, "initial_pose": one.tolist()} for name, one in poses.items()]
    opening = {"cases": cases, "camera": camera_json(camera), "include": ["outline"]}
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENT_MS)
    page.goto(str(twins.base_url))
    session = twins.post("/v1/sessions", json=opening).json()["session"]
    until(page, "document.querySelector('.left select').value !== ''")
    page.wait_for_timeout(500)
    renderer = CpuRenderer(small_case.volume, 1.0)
    lines = {name: renderer.render(camera, one) for name, one in poses.items()}
    words = {"TRACKING": "● TRACKING", "LOW_CONFIDENCE": "▲ LOW CONFIDENCE", "LOST": "✕ LOST"}
    for seq, there in enumerate((["small", "twin"], ["small"])):
        frame = np.round(50000.0 * np.exp(-sum(lines[name] for name in there)) + 200.0).astype(np.uint16)
        small, twin = send(twins, session, npy_bytes(frame), seq=seq).json()["objects"]
        assert [one["status"] != "LOST" for one in (small, twin)] == [True, "twin" in there]
        page.wait_for_selector(f".pane[data-seq='{seq}']")
        assert page.locator(".status").text_content() == words[small["status"]]
        assert page.locator(".others").text_content() == f"twin: {words[twin['status']]}"
        drawn = outlined(pixels_of(page))
        middle = pixels_of(page).shape[1] / 2
        assert ((drawn[:, 0] < middle).sum() > 100, (drawn[:, 0] > middle).sum() > 100) == (True, "twin" in there)
        kept = [one for one in (small, twin) if one["status"] != "LOST"]
        assert int(page.locator(".pane").get_attribute("data-polygons")) == sum(len(one["outline"]) for one in kept)
    assert page.locator(".right select option").all_text_contents() == ["small", "twin"]
    page.close()
