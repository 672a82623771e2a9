"""Groups of frames that are as they should be: good ones, far directions, searches, tracked runs. mm, degrees."""

from collections.abc import Callable

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.evaluation.trust.pictures import Draw, draw_pose, draw_scenery, expose_lines, picture, render_lines
from fluoropose.evaluation.trust.runs import TrustGroup, TrustRun
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rotation import angle_between, from_zxy
from fluoropose.simulate.motion import random_motion

__all__ = ["TRACKED_FPS", "USUAL_GROUPS"]

TRACKED_FPS = 15.0
_TRACKED_FRAMES, _JUMP_AT = 10, 5
_JUMP: Float64 = np.array([10.0, 10.0, 20.0, 10.0, 10.0, 10.0])
"""A jump is uniform within this, in the six parameters."""

_FAR_DEG = 45.0
"""Directions from here on are far from the expected one; views of an upload that are prepared end at 6 degrees."""

_SEARCHED: Float64 = np.array([0.2, 0.2, 0.03, 40.0, 25.0, 25.0])
"""Where a search looks: shares of the object's size across and of the range along the beam, and degrees."""


def _good(spread: float) -> Callable[[Draw], TrustRun]:
    """Return what makes frames with starts of a multiple of the paper's errors."""

    def make(draw: Draw) -> TrustRun:
        truth = pose_from_six(draw_pose(draw), draw.subject.case.pose_frame)
        start = perturb(truth, draw.subject.case.pose_frame, draw.rng, spread * PAPER_SIGMAS)
        return TrustRun(
            (picture(draw, truth),), draw.subject.camera, (truth,), start, f"{spread:g} x the paper's start"
        )

    return make


def _far(draw: Draw) -> TrustRun:
    """Return a frame from a direction far from the expected one."""
    frame, rng = draw.subject.case.pose_frame, draw.rng
    while True:
        alpha, beta = float(rng.uniform(-80.0, 80.0)), float(rng.uniform(-180.0, 180.0))
        away = np.rad2deg(angle_between(from_zxy(0.0, np.deg2rad(alpha), np.deg2rad(beta)), np.eye(3)))
        if away >= _FAR_DEG:
            break
    six = draw_pose(draw)
    six[4:] = alpha, beta
    truth = pose_from_six(six, frame)
    start = perturb(truth, frame, rng)
    return TrustRun((picture(draw, truth),), draw.subject.camera, (truth,), start, f"{away:.0f} degrees away")


def _search(draw: Draw) -> TrustRun:
    """Return a frame in which the object is anywhere."""
    subject = draw.subject
    scale = np.array([subject.size_mm, subject.size_mm, subject.range_mm, 1.0, 1.0, 1.0])
    six = draw_pose(draw, 0.0) + draw.rng.uniform(-1.0, 1.0, 6) * _SEARCHED * scale
    truth = pose_from_six(six, subject.case.pose_frame)
    return TrustRun((picture(draw, truth),), subject.camera, (truth,), None, "no start")


def _tracked(draw: Draw) -> TrustRun:
    """Return ten frames of a motion that jumps once."""
    subject, rng = draw.subject, draw.rng
    frame = subject.case.pose_frame
    motion = random_motion(draw_pose(draw, 0.0), rng, 0.6 * subject.reach)
    jump = rng.uniform(-1.0, 1.0, 6) * _JUMP
    sixes = [motion.evaluate(n / TRACKED_FPS) + jump * (n >= _JUMP_AT) for n in range(_TRACKED_FRAMES)]
    truths = tuple(pose_from_six(six, frame) for six in sixes)
    scenery = draw_scenery(draw)
    frames = tuple(
        expose_lines(scenery, subject.camera, render_lines(subject, draw.renderer, subject.camera, truth), rng)
        for truth in truths
    )
    start = perturb(truths[0], frame, rng)
    words = f"jump of {np.linalg.norm(jump[:3]):.0f} mm, {np.linalg.norm(jump[3:]):.0f} degrees"
    return TrustRun(frames, subject.camera, truths, start, words, (1.0,) * len(frames))


USUAL_GROUPS = (
    TrustGroup("good-1", "good", _good(1.0)),
    TrustGroup("good-2", "good", _good(2.0)),
    TrustGroup("good-3", "good", _good(3.0)),
    TrustGroup("far-direction", "far direction", _far),
    TrustGroup("search", "search", _search),
    TrustGroup("tracked", "tracked", _tracked, _TRACKED_FRAMES),
)
