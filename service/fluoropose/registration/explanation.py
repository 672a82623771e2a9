"""Why a frame's answer is not sure: what the frame, its values, its geometry and the pose tell.

An answer that is not TRACKING gets a reason's code and a sentence. What may be wrong with a whole series of frames,
its polarity or a mirrored picture, is suggested only because it was tried and found the object. Lengths in pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from fluoropose.geometry.camera import off_centre_px
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.registration.assessment import Status, is_in_field
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import PreparedView
from fluoropose.registration.reasons import (
    DOUBTFUL_MATCH,
    LOOKS_INVERTED,
    LOOKS_LIKE_LINE_INTEGRALS,
    LOOKS_MIRRORED,
    NOT_IN_FRAME,
    NOT_SEEN,
    OUTSIDE_FIELD,
    SATURATED,
    UNLIKELY_GEOMETRY,
)
from fluoropose.registration.result import FrameView, ObjectEstimate

__all__ = ["TryFrames", "explain"]

_OFF_CENTRE_SHARE = 0.5
"""A principal point further from the picture's middle than this share of its longer side is unlikely: those of the
calibrations at hand lie within 0.12."""

_LEAST_CONTRAST = 0.02
"""The deviation of a frame's line integrals below which it shows next to nothing; a bone's are a few tenths."""

_SATURATED_SHARE = 0.6
"""Share of saturated pixels from which too little is left to see."""

_UNLIKE = 0.6
"""Edge similarity of frames without the object: below, its edges are not there (`registration.assessment`)."""

TryFrames = Callable[[Sequence[FrameView], Plan], ObjectEstimate]
"""Finds the object in other frames of the same instant, as planned."""


def explain(
    views: Sequence[PreparedView], plan: Plan, estimate: ObjectEstimate, try_frames: TryFrames | None = None
) -> ObjectEstimate:
    """Return an estimate that says why it is not sure; a sure one, or one that says why, as it is.

    From a rough start one view is looked at inverted and mirrored too, by `try_frames`.
    """
    assessment = estimate.assessment
    if not assessment.lacks_reason:
        return estimate
    reason, text = _reason_in_frame(views[0])
    if not reason and try_frames is not None and len(views) == 1 and plan.start is not None and not plan.nearby:
        reason = _reason_that_was_tried(views[0], plan, try_frames)
    if not reason:
        reason = _reason_at_pose(views[0], estimate)
    return replace(estimate, assessment=replace(assessment, reason=reason, reason_text=text))


def _reason_in_frame(view: PreparedView) -> tuple[str, str]:
    """Return the code of what is wrong with a frame whatever is sought in it, and a sentence; "" where nothing is."""
    exposure = view.exposure
    if float(view.image.std()) < _LEAST_CONTRAST:
        return NOT_IN_FRAME, ""
    share = view.saturated
    if share > _SATURATED_SHARE:
        return (
            SATURATED,
            f"{100 * share:.0f} % of the frame have the largest or the smallest value that pixels can have",
        )
    away = off_centre_px(exposure.camera)
    if away > _OFF_CENTRE_SHARE * max(exposure.camera.rows, exposure.camera.columns):
        return UNLIKELY_GEOMETRY, f"the principal point lies {away:.0f} px from the middle of the picture"
    return "", ""


def _reason_that_was_tried(view: PreparedView, plan: Plan, try_frames: TryFrames) -> str:
    """Return the code of how the frame must be read for the object to be found; "" where none was found."""
    exposure = view.exposure
    placed = PlacedCamera(exposure.camera, view.calibrated.camera_from_world, mask=view.mask)
    plain = FrameView(exposure.pixels, placed, view.name, exposure.meaning, exposure.inverted, view.resident)
    readings = {
        LOOKS_INVERTED: replace(plain, inverted=not plain.inverted),
        LOOKS_MIRRORED: plain.mirrored(),
    }
    if plain.pixels.dtype.kind == "f" and plain.meaning is not PixelMeaning.LINE_INTEGRAL:
        readings[LOOKS_LIKE_LINE_INTEGRALS] = replace(plain, meaning=PixelMeaning.LINE_INTEGRAL, inverted=False)
    for reason, reading in readings.items():
        if try_frames([reading], plan).assessment.status is Status.TRACKING:
            return reason
    return ""


def _reason_at_pose(view: PreparedView, estimate: ObjectEstimate) -> str:
    """Return the code of what the pose in a view tells."""
    found = estimate.poses[0]
    if not is_in_field(found.estimate.camera_from_volume, view.camera, view.atlas):
        return OUTSIDE_FIELD
    return NOT_SEEN if found.similarity < _UNLIKE else DOUBTFUL_MATCH
