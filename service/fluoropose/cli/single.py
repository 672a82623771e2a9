"""`register` and `render`: one frame, one picture, from files to files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.api.codec import result_model
from fluoropose.arrays import Mat44
from fluoropose.cli.inputs import read_camera, read_pose
from fluoropose.cli.methods import Bench, entry_of
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import PixelMeaning, checked_frame
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.files import write_file
from fluoropose.io.frames import npy_bytes, png_bytes, read_frame_file
from fluoropose.io.pictures import outline, overlay_panels, save_picture
from fluoropose.runtime.engine import ResidentCase
from fluoropose.runtime.ort import open_device
from fluoropose.streaming.frames import lone_result
from fluoropose.tracking.tracker import Plan

__all__ = ["register_file", "render_file"]

_BEST_INTENSITY = "powell-mi-gc"
_GREEN, _RED = (60, 255, 90), (255, 70, 60)


def register_file(
    case_folder: Path,
    frame: Path,
    camera_file: Path,
    start_file: Path | None,
    model: Path,
    meaning: str,
    inverted: bool,
    picture: Path | None,
    threads: int,
    method: str = "pehl",
) -> dict[str, Any]:
    """Return the API's result for one frame, or what another method found; draw start (red) and result (green)."""
    names = [item.value for item in PixelMeaning]
    if meaning not in names:
        raise InputError(f"expected --pixel-meaning {', '.join(names)}, got {meaning!r}")
    camera = read_camera(camera_file)
    start = None if start_file is None else read_pose(start_file)
    pixels = read_frame_file(frame)
    case = load_case(case_folder)
    bench = Bench(case, model, threads=threads, meaning=PixelMeaning(meaning), inverted=inverted)
    result = (
        _regressed(bench, pixels, camera, start)
        if method == "pehl"
        else _searched(method, bench, pixels, camera, start)
    )
    found = np.array(result["camera_from_volume"])
    if picture is not None:
        renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
        layers: list[Any] = [(frame.name, [])]
        if start is not None:
            layers.append(("start", [(outline(renderer.render(camera, start)), _RED)]))
        layers.append(("found", [(outline(renderer.render(camera, found)), _GREEN)]))
        save_picture(picture, overlay_panels(pixels, layers))
    return result


def _regressed(bench: Bench, pixels: NDArray[Any], camera: Camera, start: Mat44 | None) -> dict[str, Any]:
    """Register by our regressors, from a start or anywhere; the API's result."""
    resident = ResidentCase(bench.case, load_bundle(bench.model), open_device("cpu", bench.threads))
    found = resident.register(pixels, camera, bench.meaning, bench.inverted, Plan(start, nearby=False))
    name, device = resident.bundle.name, resident.device.label
    return result_model(lone_result(found, bench.case.name, name, device)).model_dump(exclude_none=True)


def _searched(method: str, bench: Bench, pixels: NDArray[Any], camera: Camera, start: Mat44 | None) -> dict[str, Any]:
    """Register by a method to compare with. These do not judge their result: there is no status."""
    entry = entry_of(_BEST_INTENSITY if method == "intensity" else method)
    if start is None:
        raise InputError(f"expected --initial-pose with --method {method}, got none: only pehl searches")
    answer = entry.make(bench)(checked_frame(pixels, camera), camera, start)
    return {
        "method": method,
        "case": bench.case.name,
        "camera_from_volume": answer.camera_from_volume.tolist(),
        "timing_ms": answer.timing_ms,
    }


def render_file(case_folder: Path, camera_file: Path, pose_file: Path, out: Path) -> None:
    """Write a DRR as .npy (line integrals) or .png (as an X-ray)."""
    writers: dict[str, Any] = {".npy": npy_bytes, ".png": png_bytes}
    if out.suffix not in writers:
        raise InputError(f"expected an output of .npy or .png, got {out.name}")
    camera, pose = read_camera(camera_file), read_pose(pose_file)
    case = load_case(case_folder)
    lines: NDArray[np.float32] = CpuRenderer(case.volume, default_step_mm(case.volume)).render(camera, pose)
    data = writers[out.suffix](lines)
    write_file(out, lambda part: part.write_bytes(data))
