"""A frame's result with chosen numbers, for what encodes or counts results."""

from dataclasses import replace

import numpy as np

from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
from fluoropose.registration.result import Registration
from fluoropose.serving.messages import FrameResult, ObjectResult, SmoothedPose

__all__ = ["lost", "made_registration", "made_result"]


def made_registration(status=Status.TRACKING):
    return Registration(np.eye(4), Assessment(status, 0.75, ErrorEstimate(0.5, 2.0, 0.25)), 0.9, {"total": 1.0})


def made_result(cases=("small",), searching=(), **more):
    """Return a result whose registration is the same for each case, smoothed over three frames."""
    registration = made_registration()
    error = ErrorEstimate(0.5, 2.0, 0.25)
    smoothed = SmoothedPose(np.eye(4), np.eye(4), error, 3)
    pose = registration.camera_from_volume
    parts = tuple(ObjectResult(case, f"model of {case}", registration, pose, error, smoothed) for case in cases)
    fields = {"views": ("a",), "left_out": {"b": "not seen"}, "timing_ms": {"total": 1.23456}, "device": "cpu"} | more
    return FrameResult(7, "a", parts, searching=searching, **fields)


def lost(result):
    """Return a result whose object was not found."""
    registration = result.first.registration
    assessment = replace(registration.assessment, status=Status.LOST, reason="not-seen")
    part = replace(result.first, registration=replace(registration, assessment=assessment))
    return replace(result, objects=(part,))
