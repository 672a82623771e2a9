"""The dictionaries of DiffDRR (0.4 to 0.6) and of xvr, which keeps DiffDRR's detector and pose.

Read from diffdrr/detector.py, drr.py, data.py and pose.py. In DiffDRR's camera frame the beam runs along +z, rows run
against y, and columns against x where `reverse_x_axis` is true (its default):

    u = (width - 1) / 2 + x0 / delx - (sdd / delx) x / z        v = (height - 1) / 2 + y0 / dely - (sdd / dely) y / z

Its world is RAS mm about the middle of the volume (`isocenter_mm`, here LPS). `pose` takes the camera, after a fixed
turn that the `orientation` chooses, to that world.
"""

from typing import Any

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.conversion.fields import (
    number_field,
    numbers_field,
    optional_number,
    require_known,
    side_field,
)
from fluoropose.geometry.conversion.imaging_geometry import Fields, ImagingGeometry, WrittenGeometry, physical_geometry

__all__ = ["read_diffdrr", "read_xvr", "write_diffdrr", "write_xvr"]

_DETECTOR = ("sdd", "height", "width", "delx", "dely", "x0", "y0", "reverse_x_axis")
_BESIDE = ("orientation", "isocenter_mm")
_TURNS: dict[str | None, Float64] = {
    "AP": np.array([[1.0, 0, 0, 0], [0, 0, -1.0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1.0]]),
    "PA": np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1.0]]),
    None: np.eye(4),
}
_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_diffdrr(fields: Fields) -> ImagingGeometry:
    """Return the geometry of DiffDRR's detector and, if there is one, its `pose` (4x4).

    Raises
    ------
    GeometryError
        If a field is missing or unknown, or the picture is mirrored (its columns must be turned round first).
    """
    require_known(fields, "diffdrr", (*_DETECTOR, "pose", *_BESIDE))
    return _read(fields, fields, "pose")


def write_diffdrr(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return DiffDRR's detector and pose; `options` are `orientation` ("AP" or null) and `isocenter_mm`."""
    detector, pose, losses = _write(geometry, options, "diffdrr")
    return WrittenGeometry(detector | pose | _beside(options), losses)


def read_xvr(fields: Fields) -> ImagingGeometry:
    """Return the geometry of what xvr stores of a registration: `detector` and `final_pose` (or `init_pose`).

    Raises
    ------
    GeometryError
        As `read_diffdrr`.
    """
    require_known(fields, "xvr", ("detector", "final_pose", "init_pose", *_BESIDE))
    detector = fields.get("detector")
    if not isinstance(detector, dict):
        raise GeometryError(f"expected detector as an object, got {type(detector).__name__}")
    require_known(detector, "detector", _DETECTOR)
    return _read(detector, fields, "init_pose" if fields.get("final_pose") is None else "final_pose")


def write_xvr(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return what xvr stores of a registration; `options` as `write_diffdrr`."""
    detector, pose, losses = _write(geometry, options, "xvr")
    final = {"final_pose": pose["pose"]} if pose else {}
    return WrittenGeometry({"detector": detector, **final} | _beside(options), losses)


def _read(detector: Fields, beside: Fields, pose_name: str) -> ImagingGeometry:
    height = side_field(detector, "height")
    width = height if detector.get("width") is None else side_field(detector, "width")
    distance, delx = number_field(detector, "sdd"), number_field(detector, "delx")
    dely = optional_number(detector, "dely", delx)
    if min(distance, delx, dely) <= 0.0:
        raise GeometryError(f"expected sdd, delx and dely above 0, got {distance:g}, {delx:g} and {dely:g}")
    reverse = -1.0 if detector.get("reverse_x_axis", True) else 1.0
    matrix = np.array(
        [
            [reverse * distance / delx, 0.0, (width - 1) / 2 - reverse * optional_number(detector, "x0", 0.0) / delx],
            [0.0, -distance / dely, (height - 1) / 2 + optional_number(detector, "y0", 0.0) / dely],
            [0.0, 0.0, 1.0],
        ]
    )
    given = beside.get(pose_name)
    place = np.linalg.inv(_turn(beside)) if given is None else _detector_from_lps(beside, given, pose_name)
    axes, placed = physical_geometry(matrix, place[:3, :3], place[:3, 3])
    # The beam runs along +z: a choice of signs that turns it round belongs to a mirrored picture.
    if float(placed[2, :3] @ place[2, :3]) < 0.0:
        raise GeometryError(
            "expected a picture as seen from the source, got a mirrored one: turn the frame's columns round and "
            f"give reverse_x_axis as {reverse > 0}"
        )
    return ImagingGeometry(Camera(height, width, axes), None if given is None else placed, distance)


def _write(
    geometry: ImagingGeometry, options: Fields, kind: str
) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    camera, distance = geometry.camera, geometry.require_distance(kind)
    matrix = camera.intrinsic_matrix
    delx, dely = distance / float(matrix[0, 0]), distance / float(matrix[1, 1])
    detector = {"sdd": distance, "height": camera.rows, "width": camera.columns, "delx": delx, "dely": dely}
    detector["x0"] = delx * (float(matrix[0, 2]) - (camera.columns - 1) / 2)
    detector["y0"] = dely * (float(matrix[1, 2]) - (camera.rows - 1) / 2)
    if options.get("orientation", "AP") == "PA":
        raise GeometryError("expected the orientation AP or null, got PA, whose pictures are mirrored")
    losses = (f"the skew of {float(matrix[0, 1]):g} px",) if abs(float(matrix[0, 1])) > 1e-9 else ()
    if geometry.camera_from_world is None:
        return {**detector, "reverse_x_axis": True}, {}, losses
    # DiffDRR's camera has x and y the other way round; its pose is the inverse of what takes the world to the camera.
    detector_from_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ geometry.camera_from_world
    centre = _centre(options)
    ras_from_detector = _RAS @ centre @ np.linalg.inv(detector_from_lps)
    pose = ras_from_detector @ np.linalg.inv(_turn(options))
    return {**detector, "reverse_x_axis": True}, {"pose": pose.tolist()}, losses


def _detector_from_lps(fields: Fields, given: Any, name: str) -> Mat44:
    """Return what takes LPS mm to DiffDRR's camera: its pose after the turn, about the volume's middle, inverted."""
    values = np.array(given, dtype=object)
    matrix = numbers_field({name: given[0] if values.shape == (1, 4, 4) else given}, name, (4, 4))
    if abs(np.linalg.det(matrix[:3, :3])) < 0.5:
        raise GeometryError(f"{name} must be rigid, got a determinant of {np.linalg.det(matrix[:3, :3]):.3g}")
    return np.linalg.inv(matrix @ _turn(fields)) @ _RAS @ _centre(fields)


def _centre(fields: Fields) -> Mat44:
    """Return the shift that takes LPS to LPS about the volume's middle."""
    shift = np.eye(4)
    shift[:3, 3] = -numbers_field({"isocenter_mm": fields.get("isocenter_mm", [0.0] * 3)}, "isocenter_mm", (3,))
    return shift


def _turn(fields: Fields) -> Mat44:
    orientation = fields.get("orientation", "AP")
    if orientation not in tuple(_TURNS):
        raise GeometryError(f"expected an orientation of AP, PA or null, got {str(orientation)[:20]!r}")
    return _TURNS[orientation]


def _beside(options: Fields) -> dict[str, Any]:
    return {"orientation": options.get("orientation", "AP")} | {
        name: options[name] for name in ("isocenter_mm",) if name in options
    }
