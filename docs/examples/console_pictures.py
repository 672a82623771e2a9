"""Draw the pictures of the console's page: a server, what is sent to it, a browser.

python docs/examples/console_pictures.py docs/pictures        (needs Chromium and the package playwright)

With --data, the folder of the real data sets, the real knee is drawn too: cut-outs around the implant, never more of a
patient's picture.
"""

import argparse
import io
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import fluoropose
from fluoropose.cli.environment import prepare_shipped_cases
from fluoropose.client import Client
from fluoropose.evaluation.server_process import server_process
from fluoropose.io.bundles import shipped_models_root
from fluoropose.io.meshes import read_mesh
from fluoropose.objects.catalogue import OBJECTS

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WITH_WEBGL = ["--no-sandbox", "--enable-unsafe-swiftshader"]
WAIT_MS = 300_000

WITH_OBJECT, CYCLE = 160, 178
"""Of so many frames of the simulated run the first show the object (service/console/src/simulation.ts)."""

MATERIALS = {"femoral": "cobalt-chrome", "tibial": "titanium"}
KNEE_FRAME, TIMES = 60, 4
"""One instant is sent so often: the views from its direction are then there."""

MARGIN_PX = 40


def save(page, path):
    """Keep what is seen of the page, small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(path, quality=45, method=6)
    print(f"{path}: {path.stat().st_size // 1000} kB")


def save_status(page, status, path):
    """Keep the page while the status is shown: LOST of a frame without the object, TRACKING of one with it."""
    while True:
        page.wait_for_selector(f".pane[data-status='{status}']")
        pane = page.locator(".pane")
        empty = int(pane.get_attribute("data-seq")) % CYCLE >= WITH_OBJECT
        if empty == (status == "LOST"):
            return save(page, path)
        page.wait_for_timeout(200)


def draw_plate(page, server, out):
    """Take the pictures while the simulated run goes on."""
    page.goto(server.http)
    page.wait_for_selector(".sources .main:enabled")
    page.locator(".sources select").select_option("plate")
    page.locator(".sources input[type=number]").fill("5")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_selector(".pane[data-status='TRACKING']")
    page.wait_for_timeout(15_000)
    save_status(page, "TRACKING", out / "console-live.webp")
    save_status(page, "LOST", out / "console-lost.webp")
    page.get_by_role("button", name="Stop", exact=True).click()


def seen_from(degrees):
    """Return camera_from_world of a camera that looks at the world's origin from an angle about the vertical."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, 0, s, 0], [0, 1, 0, 0], [-s, 0, c, OBJECTS["plate"].range_mm], [0, 0, 0, 1]])


def draw_cameras(page, server, out):
    """Two cameras on one plate, and both in space."""
    plate = OBJECTS["plate"]
    places = {"frontal": seen_from(0), "oblique": seen_from(30)}
    camera = {"rows": 512, "columns": 512, "row_spacing_mm": plate.pixel_mm, "column_spacing_mm": plate.pixel_mm}
    camera["source_to_detector_mm"] = plate.source_to_detector_mm
    cameras = {name: camera | {"camera_from_world": place.tolist()} for name, place in places.items()}
    upright = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    rng = np.random.default_rng(3)
    with Client(server.http, "http") as client:
        tracker = client.track("plate", cameras=cameras, initial_pose=upright)
        choose(page, server, tracker.session)
        page.keyboard.press("d")
        page.wait_for_selector(".space")
        for n in range(12):
            world_from_volume = upright.copy()
            world_from_volume[:3, 3] = [0.8 * n, 0.0, 1.0 * n]
            lines = {name: client.render("plate", camera, place @ world_from_volume) for name, place in places.items()}
            means = {name: 40000 * np.exp(-line - 0.4) + 300 for name, line in lines.items()}
            frames = {name: rng.normal(mean, 3 * np.sqrt(mean)).astype(np.uint16) for name, mean in means.items()}
            tracker.send_views(frames, captured_at=time.time())
        page.wait_for_selector(".space[data-triangles]")
        page.wait_for_timeout(1000)
        save(page, out / "console-cameras.webp")
        tracker.close()
    page.keyboard.press("d")


def choose(page, server, session):
    """Open the page on a session."""
    page.goto(server.http)
    page.wait_for_selector(f".left select option[value='{session}']", state="attached")
    page.locator(".left select").first.select_option(session)
    page.wait_for_timeout(1000)


def cut_out(camera, poses, points):
    """Return the part of a camera's picture around all objects: its first pixel, and the camera of that part."""
    place, k = np.array(camera["camera_from_world"]), np.array(camera["intrinsic_matrix"])
    corners = []
    for name, world_from_object in poses.items():
        seen = (place @ world_from_object @ np.c_[points[name], np.ones(len(points[name]))].T)[:3]
        corners += [(k @ seen)[:2] / seen[2]]
    low = np.maximum(0, np.floor(np.min([one.min(axis=1) for one in corners], axis=0) - MARGIN_PX)).astype(int)
    high = np.ceil(np.max([one.max(axis=1) for one in corners], axis=0) + MARGIN_PX).astype(int)
    columns, rows = np.minimum(high, [camera["columns"], camera["rows"]]) - low
    k[:2, 2] -= low
    part = {
        "rows": int(rows),
        "columns": int(columns),
        "intrinsic_matrix": k.tolist(),
        "camera_from_world": place.tolist(),
    }
    return low, part


def knee_starts(data):
    """Return world_from_object by component (Jensen et al. 2023, doi:10.1016/j.arth.2023.05.029)."""
    folder = data / "knee_implant_biplane"
    tibial = json.loads((folder / "tibial_fitted_to_masks.json").read_text())["world_from_tibial"]
    world_from = {
        "femoral": json.loads((folder / "poses_published.json").read_text())["world_from_femoral"],
        "tibial": tibial,
    }
    return {name: np.array(world_from[name][str(KNEE_FRAME)]).reshape(4, 4) for name in MATERIALS}


def knee_cameras(data):
    """Return the two cameras by the folder of their frames."""
    cameras = json.loads((data / "knee_implant_biplane" / "poses_published.json").read_text())["cameras"]
    return {f"cam{n + 1}": camera for n, camera in enumerate(cameras)}


def prepare_knee(data, cases):
    """Prepare both components as seen by the first camera."""
    place, starts = np.array(knee_cameras(data)["cam1"]["camera_from_world"]), knee_starts(data)
    for name, material in MATERIALS.items():
        view = cases.parent / f"{name}.json"
        view.write_text(json.dumps((place @ starts[name]).tolist()))
        mesh = data / "knee_implant_biplane" / f"{name}.stl"
        fluoropose.prepare(mesh, cases / name, material=material, view=str(view), range_mm=1330.0)
        print("prepared", name)


def draw_knee(page, server, out, data):
    """Both components of a real knee implant in two real views."""
    folder, starts, places = data / "knee_implant_biplane", knee_starts(data), knee_cameras(data)
    points = {name: read_mesh(folder / f"{name}.stl")[0].vertices_mm for name in MATERIALS}
    parts = {name: cut_out(camera, starts, points) for name, camera in places.items()}
    with Client(server.http, "http") as client:
        cases = [{"case": name, "initial_pose": starts[name].tolist()} for name in MATERIALS]
        tracker = client.track(cameras={name: part for name, (_, part) in parts.items()}, cases=cases)
        choose(page, server, tracker.session)
        frames = {}
        for name, ((left, top), part) in parts.items():
            whole = np.asarray(Image.open(folder / name / f"frame_{KNEE_FRAME:03d}.png"))
            frames[name] = whole[top : top + part["rows"], left : left + part["columns"]].copy()
        for _ in range(TIMES):
            results = tracker.send_views(frames, captured_at=time.time())
            print({name: [one["status"] for one in result["objects"]] for name, result in results.items()})
            page.wait_for_timeout(4000)
        save(page, out / "console-knee.webp")
        tracker.close()


def main():
    """Serve the plate, open the page, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"expected one of {', '.join(BROWSERS)}, got none")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        cases = Path(folder) / "cases"
        if asked.data:
            prepare_knee(asked.data, cases)
        shutil.copytree(prepare_shipped_cases() / "plate", cases / "plate")
        with server_process(cases, shipped_models_root(), 1, "cpu") as server:
            started = playwright.chromium.launch(executable_path=browser, args=WITH_WEBGL)
            page = started.new_page(viewport={"width": 1280, "height": 720})
            page.set_default_timeout(WAIT_MS)
            draw_plate(page, server, asked.out)
            draw_cameras(page, server, asked.out)
            if asked.data:
                draw_knee(page, server, asked.out, asked.data)
            started.close()


if __name__ == "__main__":
    main()
