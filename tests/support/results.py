"""A frame's result with chosen numbers, for what encodes or counts results."""

import numpy as np

from fluoropose.registration.assessment import ErrorEstimate
from fluoropose.serving.messages import FrameResult, ObjectResult, SmoothedPose

__all__ = ["made_result"]


def made_result(registration, cases=("small",), searching=(), **more):
    """Return a result of a registration, the same for each case, smoothed over three frames."""
    error = ErrorEstimate(0.5, 2.0, 0.25)
    smoothed = SmoothedPose(np.eye(4), np.eye(4), error, 3)
    pose = registration.camera_from_volume
    parts = tuple(ObjectResult(case, f"model of {case}", registration, pose, error, smoothed) for case in cases)
    fields = {"views": ("a",), "left_out": {"b": "not seen"}, "timing_ms": {"total": 1.23456}, "device": "cpu"} | more
    return FrameResult(7, "a", parts, searching=searching, **fields)
