"""A case resident with its networks: frames in, judged poses out.

Times are measured here and returned with each result, so that numbers below know nothing of clocks.
"""

import threading
import time
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Mat44
from fluoropose.drr.case import Case
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.prepare import quick_rest_renderer
from fluoropose.errors import BundleError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.xray import Exposure, PixelMeaning
from fluoropose.inference.onnx_runtime import Device
from fluoropose.inference.stepper import OrtStepper
from fluoropose.registration.assessment import Status, assess
from fluoropose.registration.edge_similarity import edge_similarity
from fluoropose.registration.initialization.global_search import candidate_poses
from fluoropose.registration.multi_view import register_views
from fluoropose.registration.plan import Plan
from fluoropose.registration.refinement.clutter import Closer, aligned_or_climbed
from fluoropose.registration.refinement.costs.body_images import Bodies
from fluoropose.registration.refinement.edge_alignment import aligned
from fluoropose.registration.refinement.two_body import separate_bodies
from fluoropose.registration.regression.bundle import Bundle, require_fit
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.regression.schedule import (
    DEFAULT_SCHEDULE,
    TRACKING_SCHEDULE,
    Approach,
    PoseEstimate,
    Schedule,
    approach,
    register,
)
from fluoropose.registration.result import AssessedPose, FrameView, Registration, times_of_both

__all__ = ["ResidentCase"]

_GOLDEN_TOLERANCE = 2e-3
"""Largest allowed difference to the golden outputs, in units of each output's expected error."""


class ResidentCase:
    """One case with its model on a device. Safe for several threads, which take turns schedule by schedule."""

    def __init__(self, case: Case, bundle: Bundle, device: Device) -> None:
        """Place the atlas and open the networks; refuse a bundle of another case or one that computes otherwise."""
        require_fit(bundle, case.name, case.digest, surrounded=case.atlas.surrounded)
        _check_golden(bundle, device)
        self.case = case
        self.bundle = bundle
        self.device = device
        self.stepper = OrtStepper(bundle.models, np.asarray(case.atlas.pictures), device)
        self.renderer = PlaneRenderer(case.volume)
        self.bodies = None if case.rest is None else _bodies(self.renderer, case, case.rest)
        self.lock = threading.Lock()
        self.used_at = 0
        self._others: list[ResidentCase] = []
        self.size_bytes = int(case.atlas.pictures.nbytes) + sum(model.size_bytes for model in bundle.models.values())

    def another(self, number: int) -> "ResidentCase":
        """Return the case with frames and a lock of its own, for an object that comes several times; 0 is this one."""
        if number == 0:
            return self
        with self.lock:
            while len(self._others) < number:
                twin = copy(self)
                twin.stepper, twin.lock = self.stepper.another(), threading.Lock()
                self._others.append(twin)
        return self._others[number - 1]

    def register(
        self,
        pixels: NDArray[Any],
        camera: Camera,
        meaning: PixelMeaning,
        inverted: bool,
        plan: Plan,
        schedule: Schedule = DEFAULT_SCHEDULE,
    ) -> Registration:
        """Find the object in one frame as planned: near a pose, from a rough start (by `schedule`), or anywhere."""
        return self.register_views([FrameView(pixels, PlacedCamera(camera))], meaning, inverted, plan, schedule)

    def register_views(
        self,
        views: Sequence[FrameView],
        meaning: PixelMeaning,
        inverted: bool,
        plan: Plan,
        schedule: Schedule = DEFAULT_SCHEDULE,
    ) -> Registration:
        """Find the object in several views of one instant; `plan.start` is world_from_volume.

        One view is registered as by `register`. A view that is useless, or contradicts the others, is left out of the
        answer and its report says why.

        Raises
        ------
        InputError
            If there is no view, or one is of another object.
        GeometryError
            If two views are the same camera, or cameras look past each other.
        """
        return register_views(self, views, meaning, inverted, plan, schedule)

    def find(self, image: Float32, camera: Camera, plan: Plan, rough: Schedule, exposure: Exposure) -> AssessedPose:
        """Find the object in one prepared picture (line integrals, binned) as planned, in its camera's frame.

        `exposure` is the frame that the picture was made of.
        """
        if plan.start is None:
            return self.anywhere(image, camera, exposure)
        schedule = TRACKING_SCHEDULE if plan.nearby else rough
        found = self.follow(image, plan.start, camera, schedule, exposure)
        if plan.nearby and found.assessment.status is not Status.TRACKING:
            again = self.follow(image, plan.start, camera, DEFAULT_SCHEDULE, exposure)
            better = max(found, again, key=lambda item: item.assessment.confidence)
            return replace(better, finding=times_of_both(better.finding, found.finding, again.finding))
        return found

    def follow(
        self, image: Float32, start: Mat44, camera: Camera, schedule: Schedule, exposure: Exposure | None = None
    ) -> AssessedPose:
        """Follow one schedule, then align as `settled` does."""
        return self.settled(image, camera, self.seek(image, start, camera, schedule), exposure)

    def seek(self, image: Float32, start: Mat44, camera: Camera, schedule: Schedule) -> PoseEstimate:
        """Follow one schedule. The device is held for it only, so that a search lets other frames through."""
        with self.lock:
            self.stepper.put_frames(image[None])
            return register(self.stepper, camera, start, self.case.atlas, schedule, time.perf_counter_ns)

    def approach(self, image: Float32, start: Mat44, camera: Camera, schedule: Schedule) -> Approach:
        """Follow one schedule's coarse steps only."""
        with self.lock:
            self.stepper.put_frames(image[None])
            return approach(self.stepper, camera, start, self.case.atlas, schedule, time.perf_counter_ns)

    def settled(
        self, image: Float32, camera: Camera, finding: PoseEstimate, exposure: Exposure | None = None
    ) -> AssessedPose:
        """Align by the edges what a schedule found, and judge it; in clutter climb on in the `exposure`, if given.

        Not among others of known place: what crosses the object is theirs, and no reason to take the window as it is.
        """
        began = time.perf_counter_ns()
        if self.bodies is None:
            atlas = self.case.atlas
            if exposure is None:
                finding = aligned(image, camera, finding, atlas)
            else:
                finding = aligned_or_climbed(image, camera, finding, atlas, self.closer(exposure))
            return self.judged(image, camera, _refined(finding, began))
        finding, likeness = separate_bodies(image, camera, finding, self.case.atlas, self.bodies)
        finding = _refined(finding, began)
        return AssessedPose(finding, assess(finding, likeness, camera, self.case.atlas), likeness)

    def closer(self, exposure: Exposure) -> Closer:
        """Return what a climb in a frame needs."""
        return Closer(exposure, self.renderer, self.case.corners_mm)

    def judged(self, image: Float32, camera: Camera, finding: PoseEstimate) -> AssessedPose:
        """Judge what a schedule found as it is; in a body, where only an alignment tells how like it is, aligned."""
        if self.bodies is not None:
            return self.settled(image, camera, finding)
        began, atlas = time.perf_counter_ns(), self.case.atlas
        likeness = edge_similarity(image, align_view(finding.camera_from_volume, camera, atlas), atlas)
        assessment = assess(finding, likeness, camera, atlas)
        quality_ns = finding.quality_ns + time.perf_counter_ns() - began
        return AssessedPose(replace(finding, quality_ns=quality_ns), assessment, likeness)

    def anywhere(self, image: Float32, camera: Camera, exposure: Exposure) -> AssessedPose:
        """Search the whole frame; stop at the first candidate that is surely right."""
        best: AssessedPose | None = None
        for start in candidate_poses(image, camera, self.case.atlas):
            found = self.follow(image, start, camera, DEFAULT_SCHEDULE, exposure)
            if best is None or found.assessment.confidence > best.assessment.confidence:
                best = found
            if found.assessment.status is Status.TRACKING and found.assessment.confidence > 0.95:
                return found
        if best is None:
            raise AssertionError("the search returned no candidate")
        return best


def _bodies(inside: PlaneRenderer, case: Case, rest: Volume) -> Bodies:
    """Return what renders the object of a case, which is given, and the `rest` of its CT."""
    return Bodies(inside, quick_rest_renderer(rest, case.atlas.view))


def _refined(finding: PoseEstimate, began_ns: int) -> PoseEstimate:
    """Return a finding with the time since then as further refinement."""
    return replace(finding, refine_ns=finding.refine_ns + time.perf_counter_ns() - began_ns)


def _check_golden(bundle: Bundle, device: Device) -> None:
    """Raise BundleError if this runtime does not reproduce the bundle's golden outputs.

    Before them it takes another look at another frame: what keeps to its first inputs, as a CUDA graph might, is found
    out.
    """
    golden = bundle.golden
    stepper = OrtStepper({"fine": bundle.models["fine"]}, golden.cached, device)
    for frame, homography in ((golden.frame[::-1], np.eye(3)), (golden.frame, golden.homography)):
        stepper.put_frames(frame[None])
        seen = stepper.step("fine", homography[None], np.arange(len(golden.cached))[None], np.zeros(1, np.int64))
    difference = np.abs(seen.residuals[0] - golden.residuals) / np.maximum(golden.sigmas, 1e-9)
    if not np.isfinite(difference).all() or float(difference.max()) > _GOLDEN_TOLERANCE:
        raise BundleError(
            f"model {bundle.name!r} does not reproduce its golden outputs: expected within {_GOLDEN_TOLERANCE:g} of "
            f"the expected error, got {float(difference.max()):.2g}"
        )
