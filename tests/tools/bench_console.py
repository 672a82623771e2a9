"""Measure the console's page: frames drawn per second, capture to pixels, what observers cost the writer, its size.

PYTHONPATH=service:tests python tests/tools/bench_console.py --seconds 10 --json console.json

A server process with the shipped plate, a writer that sends frames at a fixed rate whatever happens, and the page in
headless Chromium (without a graphics card: the 2-D canvas, and once WebGL2 by software), all on this machine. A frame
counts as drawn at the animation frame after the one that drew it.
"""

import argparse
import gzip
import json
import os
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

import httpx
import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from fluoropose.cli.environment import prepare_shipped_cases
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.server_process import server_process
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.io.bundles import shipped_models_root
from fluoropose.io.cases import load_case
from fluoropose.objects.catalogue import OBJECTS
from fluoropose.transports.http.schemas import camera_json
from support.devtools import devtools_page
from support.wire import packed

STEPS = 40
COLLECT = """(() => {
  const pane = document.querySelector('.pane');
  window.drawn = [];
  new MutationObserver(() => {
    const seq = Number(pane.dataset.seq);
    if (window.drawn.at(-1)?.[0] === seq) return;
    const captured = Date.now() - Number(pane.dataset.latency);
    const one = [seq, 0];
    window.drawn.push(one);
    requestAnimationFrame(() => { one[1] = Date.now() - captured; });
  }).observe(pane, { attributes: true, attributeFilter: ['data-seq'] });
})()"""


def path_frames(case, side):
    """Return a camera and the frames of a closed path, uint16 (side, side)."""
    item = OBJECTS["plate"]
    spacing = item.pixel_mm * 512 / side
    camera = camera_from_detector(
        side,
        side,
        row_spacing_mm=spacing,
        column_spacing_mm=spacing,
        source_to_detector_mm=item.source_to_detector_mm,
    )
    renderer, rng = CpuRenderer(case.volume, default_step_mm(case.volume)), np.random.default_rng(7)
    frames = []
    for n in range(STEPS):
        at = 2 * np.pi * n / STEPS
        six = [6 * np.sin(at), 4 * np.sin(2 * at), item.range_mm + 8 * np.cos(at), 5 * np.sin(at), 3 * np.cos(at), 2.0]
        mean = 50000 * np.exp(-renderer.render(camera, pose_from_six(np.array(six), case.pose_frame)) - 0.8) + 300
        frames.append(np.clip(rng.normal(mean, 3 * np.sqrt(mean)), 0, 65535).astype(np.uint16))
    first = pose_from_six(np.array([0, 0, item.range_mm + 8, 0, 3, 2.0]), case.pose_frame)
    return camera, frames, first


class Writer:
    """Sends the frames of a path at a rate, and keeps the ages of the results."""

    def __init__(self, server, camera, frames, first, fps):
        opening = {"case": "plate", "camera": camera_json(camera), "initial_pose": first.tolist()}
        self.session = httpx.post(f"{server.http}/v1/sessions", json=opening, timeout=60).json()["session"]
        address = server.http.replace("http", "ws") + f"/v1/sessions/{self.session}/stream"
        self._open = ExitStack()
        self.socket = self._open.enter_context(connect(address, compression=None, max_size=None))
        self.ages, self.statuses, self._going = [], [], True
        self._bodies = [frame.tobytes() for frame in frames]
        self._shape, self._period = frames[0].shape, 1 / fps
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        rows, columns = self._shape
        due, seq = time.monotonic(), 0
        while self._going:
            meta = {"seq": seq, "captured_at": time.time(), "dtype": "uint16", "rows": rows, "columns": columns}
            self.socket.send(packed(self._bodies[seq % len(self._bodies)], **meta))
            seq, due = seq + 1, due + self._period
            time.sleep(max(0.0, due - time.monotonic()))

    def _receive(self):
        try:
            while True:
                result = json.loads(self.socket.recv())
                if result["type"] == "result":
                    self.ages.append(result["age_ms"])
                    self.statuses.append(result["status"])
        except ConnectionClosed:
            return

    def stop(self, server):
        self._going = False
        self._threads[0].join(5)
        self._open.close()
        httpx.delete(f"{server.http}/v1/sessions/{self.session}", timeout=60)


def watching(server, session):
    """Watch a session as the page does, on a thread of its own; return what ends it."""
    address = server.http.replace("http", "ws") + f"/v1/sessions/{session}/watch?fps=30&max_side=768&include=outline"
    ends = ExitStack()
    socket = ends.enter_context(connect(address, compression=None, max_size=None))

    def read():
        try:
            while True:
                socket.recv()
        except ConnectionClosed:
            return

    threading.Thread(target=read, daemon=True).start()
    return ends


def percentiles(values):
    return {f"p{n}": round(float(np.percentile(values, n)), 1) for n in (50, 95, 99)}


def draw(server, query, run, fps, seconds):
    """Return what the page draws of a writer's frames."""
    writer = Writer(server, *run, fps)
    time.sleep(2)
    with devtools_page() as page:
        began = time.monotonic()
        page.call("Page.navigate", url=server.http + query)
        page.wait("document.querySelector('.pane[data-seq]') !== null")
        first_s = time.monotonic() - began
        page.evaluate(COLLECT)
        time.sleep(2)
        page.evaluate("window.drawn.length = 0")
        answered = len(writer.ages)
        time.sleep(seconds)
        drawn, answers = page.evaluate("window.drawn"), len(writer.ages) - answered
        painter = page.evaluate("document.querySelector('.pane').dataset.painter")
    writer.stop(server)
    latencies = [latency for _, latency in drawn if latency]
    ages, tracked = writer.ages[answered:], [one == "TRACKING" for one in writer.statuses[answered:]]
    return {
        "painter": painter,
        "sent_fps": fps,
        "answered_fps": round(answers / seconds, 1),
        "drawn_fps": round(len(drawn) / seconds, 1),
        "tracking_share": round(float(np.mean(tracked)), 3),
        "capture_to_pixels_ms": percentiles(latencies),
        "frame_age_ms": percentiles(ages),
        "first_picture_s": round(first_s, 2),
    }


def observed(server, run, fps, seconds):
    """Return the writer's frame ages without observers and with two, in turn so that both see the same machine."""
    writer, ages = Writer(server, *run, fps), {0: [], 2: []}
    time.sleep(2)
    for _ in range(4):
        for observers in ages:
            watches = [watching(server, writer.session) for _ in range(observers)]
            time.sleep(0.5)
            before = len(writer.ages)
            time.sleep(seconds / 4)
            ages[observers] += writer.ages[before:]
            for one in watches:
                one.close()
    writer.stop(server)
    return {"without_ms": percentiles(ages[0]), "with_two_ms": percentiles(ages[2])}


def main():
    """Run all of it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    page = files("fluoropose") / "console_page"
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in page.iterdir()}
    figures = {"cores": os.cpu_count(), "gzipped_bytes": sizes | {"all": sum(sizes.values())}}
    with tempfile.TemporaryDirectory() as folder:
        cases = Path(folder)
        shutil.copytree(prepare_shipped_cases() / "plate", cases / "plate")
        runs = {side: path_frames(load_case(cases / "plate"), side) for side in (512, 1024)}
        with server_process(cases, shipped_models_root(), 1, "cpu") as server:
            figures["observers_512_30"] = observed(server, runs[512], 30, asked.seconds)
            figures["drawn_512_30"] = draw(server, "", runs[512], 30, asked.seconds)
            figures["drawn_512_30_webgl2"] = draw(server, "?webgl2", runs[512], 30, asked.seconds)
            figures["drawn_1024_15"] = draw(server, "", runs[1024], 15, asked.seconds)
    text = json.dumps(figures, indent=1)
    print(text)
    if asked.json:
        asked.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
