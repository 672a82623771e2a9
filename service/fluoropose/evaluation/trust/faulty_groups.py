"""Groups of frames with a fault: without the object, mirrored, inverted, blurred, clipped, a wrong camera. mm, degrees.

In an empty frame, in one of another object and in a mirrored one no pose is right.
"""

from collections.abc import Callable

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.evaluation.start_errors import perturb
from fluoropose.evaluation.trust.pictures import Draw, draw_pose, draw_scenery, expose_lines, picture, render_lines
from fluoropose.evaluation.trust.runs import TrustGroup, TrustRun
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.tolerance import CameraTolerance

__all__ = ["FAULTY_GROUPS", "wrong_camera"]

_BLUR_STEPS = 5
_BLUR_MM, _BLUR_DEG = (1.0, 6.0), 3.0
_CLIPPED = (1.2, 3.0)


def _truth_and_start(draw: Draw) -> tuple[Mat44, Mat44]:
    frame = draw.subject.case.pose_frame
    truth = pose_from_six(draw_pose(draw), frame)
    return truth, perturb(truth, frame, draw.rng)


def _empty(draw: Draw) -> TrustRun:
    """Return a frame of the surroundings alone."""
    _, start = _truth_and_start(draw)
    camera = draw.subject.camera
    pixels = expose_lines(draw_scenery(draw), camera, np.zeros((camera.rows, camera.columns)), draw.rng)
    return TrustRun((pixels,), camera, (None,), start, "surroundings alone", (0.0,))


def _other_object(draw: Draw) -> TrustRun:
    """Return a frame of another object where this one is expected."""
    _, start = _truth_and_start(draw)
    other = draw.others[int(draw.rng.integers(len(draw.others)))]
    six = draw_pose(draw)
    six[2] = other.range_mm
    lines = render_lines(other, draw.renderer, draw.subject.camera, pose_from_six(six, other.case.pose_frame))
    pixels = expose_lines(draw_scenery(draw), draw.subject.camera, lines, draw.rng)
    return TrustRun((pixels,), draw.subject.camera, (None,), start, f"shows {other.name}", (0.0,))


def _turned_start(draw: Draw) -> TrustRun:
    """Return a frame with a start that is turned by 180 degrees about one of three axes."""
    frame = draw.subject.case.pose_frame
    six = draw_pose(draw)
    truth = pose_from_six(six, frame)
    axis = draw.number // 2 % 3
    turned = six.copy()
    turned[3 + axis] += 180.0
    start = perturb(pose_from_six(turned, frame), frame, draw.rng)
    words = f"start turned about {('theta', 'alpha', 'beta')[axis]}"
    return TrustRun((picture(draw, truth),), draw.subject.camera, (truth,), start, words)


def _mirrored(draw: Draw) -> TrustRun:
    """Return a frame that is mirrored left to right; its start is where the mirrored object seems to be.

    Half of the starts have the angle about the vertical as it was, half have it mirrored too.
    """
    frame, camera = draw.subject.case.pose_frame, draw.subject.camera
    six = draw_pose(draw)
    seen = six * np.array([-1.0, 1.0, 1.0, -1.0, 1.0, -1.0 if draw.number // 2 % 2 else 1.0])
    start = perturb(pose_from_six(seen, frame), frame, draw.rng)
    pixels = np.ascontiguousarray(picture(draw, pose_from_six(six, frame))[:, ::-1])
    return TrustRun((pixels,), camera, (None,), start, "mirrored left to right")


def _inverted(draw: Draw) -> TrustRun:
    """Return a frame in which dense is bright, though intensities are told."""
    truth, start = _truth_and_start(draw)
    pixels = picture(draw, truth)
    return TrustRun((pixels.max() - pixels,), draw.subject.camera, (truth,), start, "dense is bright")


def _motion_blur(draw: Draw) -> TrustRun:
    """Return a frame during which the object moves by some mm and turns; the truth is its pose half-way."""
    subject, rng = draw.subject, draw.rng
    frame = subject.case.pose_frame
    six, extent = draw_pose(draw), float(rng.uniform(*_BLUR_MM))
    truth = pose_from_six(six, frame)
    start = perturb(truth, frame, rng)
    way = rng.normal(size=2)
    travel = np.zeros(6)
    travel[:2] = extent * way / np.linalg.norm(way)
    travel[3:] = rng.uniform(-1.0, 1.0, 3) * _BLUR_DEG
    shown = np.zeros((subject.camera.rows, subject.camera.columns))
    for part in np.linspace(-0.5, 0.5, _BLUR_STEPS):
        lines = render_lines(subject, draw.renderer, subject.camera, pose_from_six(six + part * travel, frame))
        shown += np.exp(-lines) / _BLUR_STEPS
    pixels = expose_lines(draw_scenery(draw), subject.camera, -np.log(shown), rng)
    return TrustRun((pixels,), subject.camera, (truth,), start, f"moves by {extent:.1f} mm")


def _saturated(draw: Draw) -> TrustRun:
    """Return a frame whose bright parts are cut off at the full scale."""
    subject, rng = draw.subject, draw.rng
    truth, start = _truth_and_start(draw)
    more = float(np.exp(rng.uniform(*np.log(_CLIPPED))))
    lines = render_lines(subject, draw.renderer, subject.camera, truth)
    pixels = expose_lines(draw_scenery(draw), subject.camera, lines, rng, clipped=more)
    share = float((pixels == pixels.max()).mean())
    return TrustRun((pixels,), subject.camera, (truth,), start, f"{100 * share:.0f} % of the pixels clipped")


def wrong_camera(camera: Camera, focal_factor: float = 1.0, shift_px: Float64 | None = None) -> Camera:
    """Return a camera with its focal length in pixels multiplied and its principal point moved by (column, row)."""
    matrix = camera.intrinsic_matrix.copy()
    matrix[:2, :2] *= focal_factor
    matrix[:2, 2] += np.zeros(2) if shift_px is None else shift_px
    return Camera(camera.rows, camera.columns, matrix)


def _told_wrongly(name: str) -> Callable[[Draw], TrustRun]:
    """Return what makes good frames with a camera that is told wrongly in one respect, and how well it is calibrated.

    The tolerance that is told is about as large as the fault: 5 % of the focal length, or 20 pixels.
    """

    def make(draw: Draw) -> TrustRun:
        truth, start = _truth_and_start(draw)
        rng, camera = draw.rng, draw.subject.camera
        sign = -1.0 if rng.random() < 0.5 else 1.0
        if name == "spacing":
            share = sign * float(rng.uniform(0.02, 0.10))
            told, words = wrong_camera(camera, 1.0 / (1.0 + share)), f"spacing {100 * share:+.1f} %"
            tolerance = CameraTolerance(focal_percent=5.0)
        elif name == "distance":
            told, words = wrong_camera(camera, 1.0 + 0.05 * sign), f"distance {5 * sign:+.0f} %"
            tolerance = CameraTolerance(focal_percent=5.0)
        else:
            angle = rng.uniform(0.0, 2.0 * np.pi)
            told = wrong_camera(camera, shift_px=20.0 * np.array([np.cos(angle), np.sin(angle)]))
            words, tolerance = "principal point 20 px off", CameraTolerance(principal_point_px=20.0)
        return TrustRun((picture(draw, truth),), told, (truth,), start, words, tolerance=tolerance)

    return make


FAULTY_GROUPS = (
    TrustGroup("empty", "no such pose", _empty),
    TrustGroup("other-object", "no such pose", _other_object),
    TrustGroup("turned-start", "turned start", _turned_start),
    TrustGroup("mirrored", "mirrored", _mirrored),
    TrustGroup("inverted", "inverted", _inverted),
    TrustGroup("motion-blur", "motion blur", _motion_blur),
    TrustGroup("saturated", "saturated", _saturated),
    TrustGroup("wrong-spacing", "wrong camera", _told_wrongly("spacing")),
    TrustGroup("wrong-distance", "wrong camera", _told_wrongly("distance")),
    TrustGroup("wrong-principal-point", "wrong camera", _told_wrongly("principal point")),
)
