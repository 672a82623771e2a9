"""What the method answers on the recordings: one view, two views, two components, and a tracked run."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44, Points
from fluoropose.evaluation.frame_registration import Reading, register_views
from fluoropose.evaluation.metrics.pose_error import PoseError, pose_error
from fluoropose.evaluation.start_errors import perturb
from fluoropose.geometry.pose6 import Pose6Frame
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse, transform
from fluoropose.geometry.rotation import to_rotation_vector
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.registration.assessment import expected_errors
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, Registration
from fluoropose.tracking.tracker import FRAME_SECONDS, Tracker

__all__ = ["Answer", "answer_of", "frame_views", "register_one", "register_together", "start_near", "track_run"]

DISPLAYED = Reading(PixelMeaning.DISPLAY)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One answer beside the reference: what, which frame and start, its errors, what was stated, the pose found.

    `deeper_mm` is how much farther from the first camera's source it is. `along` are the offset, mm, and the rotation
    vector, degrees, along the camera's axes; `stated` is what the frames tell, for an exact camera. `found` is
    world_from_object.
    """

    kind: str
    component: str
    frame: int
    start: int
    error: PoseError
    deeper_mm: float
    status: str
    confidence: float
    stated: dict[str, float]
    along: tuple[float, ...]
    used: tuple[bool, ...]
    found: Mat44

    def record(self) -> dict[str, Any]:
        """Return what is written as JSON."""
        return asdict(replace(self, found=None)) | {"found": np.asarray(self.found).tolist()}  # type: ignore[arg-type]


def frame_views(frames: Sequence[NDArray[Any]], cameras: Sequence[PlacedCamera]) -> list[FrameView]:
    """Return the views of one instant."""
    return [
        FrameView(pixels, placed, f"camera {n + 1}", DISPLAYED.meaning)
        for n, (pixels, placed) in enumerate(zip(frames, cameras, strict=True))
    ]


def start_near(frame: Pose6Frame, placed: PlacedCamera, reference: Mat44, seeds: Sequence[int]) -> Mat44:
    """Return world_from_object of a start of the paper's distribution, drawn in a camera about the reference."""
    start = perturb(placed.camera_from_world @ reference, frame, np.random.default_rng(list(seeds)))
    return inverse(placed.camera_from_world) @ start


def register_together(
    residents: dict[str, ResidentCase], views: list[FrameView], starts: dict[str, Mat44]
) -> dict[str, Registration]:
    """Register several components in the views of one instant, by name."""
    found = register_objects(
        [residents[name] for name in starts], views, [Plan(start, nearby=False) for start in starts.values()]
    )
    return dict(zip(starts, found, strict=True))


def register_one(resident: ResidentCase, views: list[FrameView], start: Mat44) -> Registration:
    """Register one component in the views of one instant, from a rough start."""
    return register_views(resident, views, Plan(start, nearby=False), DISPLAYED)


def answer_of(
    kind: str, component: str, frame: int, start: int,
    found: Registration, reference: Mat44, placed: PlacedCamera, corners_mm: Points,
) -> Answer:  # fmt: skip
    """Return an answer beside the reference (world_from_object), its errors along a camera's axes."""
    poses = [placed.camera_from_world @ pose for pose in (found.world_from_volume, reference)]
    centres = [transform(pose, corners_mm).mean(axis=0) for pose in poses]
    middles = [float(np.linalg.norm(centre)) for centre in centres]
    along = (*(centres[0] - centres[1]), *np.rad2deg(to_rotation_vector(poses[0][:3, :3] @ poses[1][:3, :3].T)))
    stated = expected_errors(found.judged.covariance, placed.camera_from_world)
    return Answer(
        kind, component, frame, start, pose_error(poses[0], poses[1], corners_mm), middles[0] - middles[1],
        found.assessment.status.value, found.assessment.confidence, asdict(stated), tuple(float(one) for one in along),
        tuple(report.used for report in found.views), np.asarray(found.world_from_volume),
    )  # fmt: skip


def track_run(
    residents: dict[str, ResidentCase],
    placed: PlacedCamera,
    pixels_of: Callable[[int], NDArray[Any]],
    numbers: Sequence[int],
    starts: dict[str, Mat44],
) -> dict[str, list[Registration]]:
    """Follow components through the frames of one camera, each from one start; return a registration per frame."""
    trackers = {name: Tracker(starts[name], residents[name].case.atlas.view.centre_mm) for name in starts}
    found: dict[str, list[Registration]] = {name: [] for name in starts}
    for n, number in enumerate(numbers):
        captured_s = n * FRAME_SECONDS
        plans = {name: tracker.plan(captured_s) for name, tracker in trackers.items()}
        views = [FrameView(pixels_of(number), placed, meaning=DISPLAYED.meaning)]
        answers = register_objects([residents[name] for name in starts], views, list(plans.values()))
        for name, answer in zip(starts, answers, strict=True):
            trackers[name].receive(answer.world_from_volume, answer.assessment.status, captured_s, plans[name])
            found[name].append(answer)
    return found
