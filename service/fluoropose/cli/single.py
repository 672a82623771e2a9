"""`register` and `render`: one instant, one picture, from files to files."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.cli.inputs import read_camera, read_placed_cameras, read_pose, read_world_pose
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError
from fluoropose.evaluation.methods import Bench, entry_of
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import PixelMeaning, check_frame
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.files import write_file
from fluoropose.io.frames import npy_bytes, png_bytes, read_frame_file
from fluoropose.io.pictures import outline, overlay_panels, save_picture
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView
from fluoropose.serving.messages import single_result
from fluoropose.transports.http.encode import encode_result

__all__ = ["register_file", "register_view_files", "render_file"]

_BEST_INTENSITY = "powell-mi-gc"
_GREEN, _RED = (60, 255, 90), (255, 70, 60)


def register_file(
    case_folder: Path,
    frames: Sequence[Path],
    camera_files: Sequence[Path],
    start_file: Path | None,
    model: Path,
    meaning: str,
    inverted: bool,
    picture: Path | None,
    threads: int,
    method: str = "pehl",
) -> dict[str, Any]:
    """Return the API's result for one frame, or what another method found; draw start (red) and result (green)."""
    camera = read_camera(camera_files[0])
    start = None if start_file is None else read_pose(start_file)
    pixels = read_frame_file(frames[0])
    case = load_case(case_folder)
    bench = Bench(case, model, threads=threads, meaning=_meaning(meaning), inverted=inverted)
    result = (
        _regressed(bench, pixels, camera, start)
        if method == "pehl"
        else _searched(method, bench, pixels, camera, start)
    )
    found = np.array(result["camera_from_volume"])
    if picture is not None:
        save_picture(picture, _panels(case, frames[0].name, pixels, camera, start, found))
    return result


def register_view_files(
    case_folder: Path,
    frames: Sequence[Path],
    camera_files: Sequence[Path],
    start_file: Path | None,
    model: Path,
    meaning: str,
    inverted: bool,
    picture: Path | None,
    threads: int,
    method: str = "pehl",
) -> dict[str, Any]:
    """Return the API's result for several views of one instant, with a report per view; draw each view in its row."""
    if method != "pehl":
        raise InputError(f"expected one frame with --method {method}, got {len(frames)}: only pehl joins views")
    if len(frames) != len(camera_files):
        raise InputError(f"expected a --camera for each of {len(frames)} frames, got {len(camera_files)}")
    placed = read_placed_cameras(camera_files)
    start = None if start_file is None else read_world_pose(start_file)
    views = [FrameView(read_frame_file(path), camera, path.name) for path, camera in zip(frames, placed, strict=True)]
    case = load_case(case_folder)
    resident = ResidentCase(case, load_bundle(model), open_device("cpu", threads))
    found = resident.register_views(views, _meaning(meaning), inverted, Plan(start, nearby=False))
    if picture is not None:
        rows = [_view_row(case, view, start, found.world_from_volume) for view in views]
        width = max(row.shape[1] for row in rows)
        save_picture(picture, np.concatenate([np.pad(r, ((0, 0), (0, width - r.shape[1]), (0, 0))) for r in rows]))
    result = single_result(found, case.name, resident.bundle.name, resident.device.label)
    return {
        **encode_result(result).model_dump(exclude_none=True),
        "view_reports": [
            {**asdict(report), "camera_from_volume": report.camera_from_volume.tolist()} for report in found.views
        ],
    }


def _view_row(case: Case, view: FrameView, start: Mat44 | None, world_from_volume: Mat44) -> NDArray[np.uint8]:
    place = view.placed.camera_from_world
    began = None if start is None else place @ start
    return _panels(case, view.name, view.pixels, view.placed.camera, began, place @ world_from_volume)


def _panels(
    case: Case, name: str, pixels: NDArray[Any], camera: Camera, start: Mat44 | None, found: Mat44
) -> NDArray[np.uint8]:
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    layers: list[Any] = [(name, [])]
    if start is not None:
        layers.append(("start", [(outline(renderer.render(camera, start)), _RED)]))
    layers.append(("found", [(outline(renderer.render(camera, found)), _GREEN)]))
    return overlay_panels(pixels, layers)


def _meaning(name: str) -> PixelMeaning:
    names = [item.value for item in PixelMeaning]
    if name not in names:
        raise InputError(f"expected --pixel-meaning {', '.join(names)}, got {name!r}")
    return PixelMeaning(name)


def _regressed(bench: Bench, pixels: NDArray[Any], camera: Camera, start: Mat44 | None) -> dict[str, Any]:
    """Register by our regressors, from a start or anywhere; the API's result."""
    resident = ResidentCase(bench.case, load_bundle(bench.model), open_device("cpu", bench.threads))
    found = resident.register(pixels, camera, bench.meaning, bench.inverted, Plan(start, nearby=False))
    name, device = resident.bundle.name, resident.device.label
    return encode_result(single_result(found, bench.case.name, name, device)).model_dump(exclude_none=True)


def _searched(method: str, bench: Bench, pixels: NDArray[Any], camera: Camera, start: Mat44 | None) -> dict[str, Any]:
    """Register by a method to compare with. These do not judge their result: there is no status."""
    entry = entry_of(_BEST_INTENSITY if method == "intensity" else method)
    if start is None:
        raise InputError(f"expected --initial-pose with --method {method}, got none: only pehl searches")
    answer = entry.make(bench)(check_frame(pixels, camera), camera, start)
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
