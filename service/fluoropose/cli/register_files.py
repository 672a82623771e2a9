"""The registering of `register`: one instant, from files to the result of the API."""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.cli.frame_field import with_frame_field
from fluoropose.cli.inputs import read_placed_cameras
from fluoropose.cli.instant_files import InstantFiles
from fluoropose.cli.overlay import view_panels
from fluoropose.errors import InputError
from fluoropose.evaluation.frame_registration import register_views
from fluoropose.evaluation.methods.method import MethodInputs
from fluoropose.evaluation.methods.table import find_method
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.xray import check_frame
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.pictures import save_picture
from fluoropose.io.poses import read_pose, read_world_pose
from fluoropose.registration.plan import Plan
from fluoropose.registration.result import FrameView
from fluoropose.serving.messages import single_result
from fluoropose.transports.http.encode import encode_body

__all__ = ["register_file", "register_view_files"]

_BEST_INTENSITY = "powell-mi-gc"


def register_file(files: InstantFiles, method: str = "pehl") -> dict[str, Any]:
    """Return the API's result for one frame, or what another method found; draw start (red) and result (green)."""
    (given,) = read_placed_cameras(files.cameras)
    placed = with_frame_field(given, files.frames[0], files.frame_number)
    camera = placed.camera
    start = None if files.start is None else read_pose(files.start)
    pixels = files.read_frame(0, camera)
    case = load_case(files.case)
    inputs = MethodInputs(case, files.model, threads=files.threads, reading=files.reading())
    if method == "pehl":
        result = _register(inputs, FrameView(pixels, placed), start)
    else:
        result = _register_by(method, inputs, pixels, camera, start)
    seen = result.get("camera_from_volume")
    found = None if seen is None or result.get("status") == "LOST" else np.array(seen)
    if files.picture is not None:
        view = FrameView(pixels, PlacedCamera(camera))
        save_picture(files.picture, view_panels(case, files.frames[0].name, view, start, found))
    return result


def register_view_files(files: InstantFiles, method: str = "pehl") -> dict[str, Any]:
    """Return the API's result for several views of one instant, with a report per view; draw each view in its row."""
    count = len(files.frames)
    if method != "pehl":
        raise InputError(f"expected one frame with --method {method}, got {count}: only pehl joins views")
    if count != len(files.cameras):
        raise InputError(f"expected a --camera for each of {count} frames, got {len(files.cameras)}")
    placed = [
        with_frame_field(one, path, files.frame_number)
        for one, path in zip(read_placed_cameras(files.cameras), files.frames, strict=True)
    ]
    start = None if files.start is None else read_world_pose(files.start)
    views = [
        FrameView(files.read_frame(number, one.camera), one, files.frames[number].name)
        for number, one in enumerate(placed)
    ]
    case, bundle = load_case(files.case), load_bundle(files.model)
    resident = load_resident_case(case, bundle, open_device("cpu", files.threads))
    found = register_views(resident, views, Plan(start, nearby=False), files.reading())
    if files.picture is not None:
        pose = None if found.status == "LOST" else found.world_from_volume
        rows = [view_panels(case, view.name, view, start, pose) for view in views]
        width = max(row.shape[1] for row in rows)
        padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]
        save_picture(files.picture, np.concatenate(padded))
    result = single_result(found, case.name, bundle.name, resident.device_label)
    return {
        **encode_body(result),
        "view_reports": [
            {**asdict(report), "camera_from_volume": report.camera_from_volume.tolist()} for report in found.views
        ],
    }


def _register(inputs: MethodInputs, view: FrameView, start: Mat44 | None) -> dict[str, Any]:
    """Register by our regressors, from a start or anywhere; the API's result."""
    bundle = load_bundle(inputs.model)
    resident = load_resident_case(inputs.case, bundle, open_device("cpu", inputs.threads))
    found = register_views(resident, [view], Plan(start, nearby=False), inputs.reading)
    result = single_result(found, inputs.case.name, bundle.name, resident.device_label)
    return encode_body(result)


def _register_by(
    method: str, inputs: MethodInputs, pixels: NDArray[Any], camera: Camera, start: Mat44 | None
) -> dict[str, Any]:
    """Register by a method to compare with. These do not assess their result: there is no status."""
    chosen = find_method(_BEST_INTENSITY if method == "intensity" else method)
    if start is None:
        raise InputError(f"expected --initial-pose with --method {method}, got none: only pehl searches")
    answer = chosen.make(inputs)(check_frame(pixels, camera), camera, start)
    return {
        "method": method,
        "case": inputs.case.name,
        "camera_from_volume": answer.camera_from_volume.tolist(),
        "timing_ms": answer.timing_ms,
    }
