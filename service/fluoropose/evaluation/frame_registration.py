"""The one place where the measuring registers frames with a resident case."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from fluoropose.evaluation.trials import TrialResult
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.tolerance import EXACT, CameraTolerance
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE, Schedule
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, Registration

__all__ = ["Reading", "register_frame", "register_in_frame", "register_views", "trial_result"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How pixels are read, as sessions tell it; by default raw intensities."""

    meaning: PixelMeaning = PixelMeaning.INTENSITY
    inverted: bool = False


INTENSITIES = Reading()


def register_frame(
    resident: ResidentCase,
    pixels: NDArray[Any],
    camera: Camera,
    plan: Plan,
    reading: Reading = INTENSITIES,
    schedule: Schedule = DEFAULT_SCHEDULE,
    tolerance: CameraTolerance = EXACT,
) -> Registration:
    """Register one frame (rows, columns) of a camera; those of simulations are exact."""
    view = FrameView(
        pixels, PlacedCamera(camera, tolerance=tolerance), meaning=reading.meaning, inverted=reading.inverted
    )
    return register(resident, [view], plan, schedule)


def register_views(
    resident: ResidentCase, views: Sequence[FrameView], plan: Plan, reading: Reading = INTENSITIES
) -> Registration:
    """Register the views of one instant together."""
    read = [replace(view, meaning=reading.meaning, inverted=reading.inverted) for view in views]
    return register(resident, read, plan)


def register_in_frame(
    residents: Sequence[ResidentCase], view: FrameView, plans: Sequence[Plan]
) -> tuple[Registration, ...]:
    """Register several objects of one frame of raw intensities together."""
    return register_objects(residents, [view], plans)


def trial_result(found: Registration) -> TrialResult:
    """Return a registration as trials count it."""
    assessment = found.assessment
    return TrialResult(found.camera_from_volume, assessment.status.value, assessment.confidence, found.timing_ms)
