"""The engine: cases resident with their networks, frames in, judged poses out. Synchronous; one worker thread calls it.

Times are measured here and returned with each result, so that numbers below know nothing of clocks.
"""

import threading
import time
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Mat44
from fluoropose.drr.case import Case
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.prepare import quick_rest_renderer
from fluoropose.errors import BundleError, NotReadyError, UnknownCaseError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.xray import FRAME_DTYPES, Exposure, PixelMeaning
from fluoropose.pehl.align import FLOOR, aligned
from fluoropose.pehl.apart import told_apart
from fluoropose.pehl.bodies import Bodies
from fluoropose.pehl.bundle import Bundle, require_fit
from fluoropose.pehl.climb import Closer, aligned_or_climbed, cached_view
from fluoropose.pehl.correlation import correlation_equations, correlation_with
from fluoropose.pehl.edges import Turn, edge_equations
from fluoropose.pehl.hierarchy import (
    DEFAULT_SCHEDULE,
    TRACKING_SCHEDULE,
    Approach,
    Finding,
    Schedule,
    approach,
    register,
)
from fluoropose.pehl.likeness import edge_likeness
from fluoropose.pehl.locate import candidate_poses
from fluoropose.pehl.residual import look
from fluoropose.runtime.ort import Device
from fluoropose.runtime.registration import Found, FrameView, Registration, ViewReport, times_of_both
from fluoropose.runtime.stepper import OrtStepper
from fluoropose.runtime.views import register_views
from fluoropose.tracking.quality import Status, judge
from fluoropose.tracking.tracker import Plan

__all__ = ["Engine", "FrameView", "Registration", "ResidentCase", "ViewReport"]

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
        self.size_bytes = int(case.atlas.pictures.nbytes) + sum(len(model) for model in bundle.models.values())

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

    def find(self, image: Float32, camera: Camera, plan: Plan, rough: Schedule, exposure: Exposure) -> Found:
        """Find the object in one prepared picture (line integrals, binned) as planned, in its camera's frame.

        `exposure` is the frame that the picture was made of.
        """
        if plan.start is None:
            return self.anywhere(image, camera, exposure)
        schedule = TRACKING_SCHEDULE if plan.nearby else rough
        found = self.follow(image, plan.start, camera, schedule, exposure)
        if plan.nearby and found.judgement.status is not Status.TRACKING:
            again = self.follow(image, plan.start, camera, DEFAULT_SCHEDULE, exposure)
            better = max(found, again, key=lambda item: item.judgement.confidence)
            return replace(better, finding=times_of_both(better.finding, found.finding, again.finding))
        return found

    def follow(
        self, image: Float32, start: Mat44, camera: Camera, schedule: Schedule, exposure: Exposure | None = None
    ) -> Found:
        """Follow one schedule, then align as `settled` does."""
        return self.settled(image, camera, self.seek(image, start, camera, schedule), exposure)

    def seek(self, image: Float32, start: Mat44, camera: Camera, schedule: Schedule) -> Finding:
        """Follow one schedule. The device is held for it only, so that a search lets other frames through."""
        with self.lock:
            self.stepper.put_frames(image[None])
            return register(self.stepper, camera, start, self.case.atlas, schedule, time.perf_counter_ns)

    def approach(self, image: Float32, start: Mat44, camera: Camera, schedule: Schedule) -> Approach:
        """Follow one schedule's coarse steps only."""
        with self.lock:
            self.stepper.put_frames(image[None])
            return approach(self.stepper, camera, start, self.case.atlas, schedule, time.perf_counter_ns)

    def settled(self, image: Float32, camera: Camera, finding: Finding, exposure: Exposure | None = None) -> Found:
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
        finding, likeness = told_apart(image, camera, finding, self.case.atlas, self.bodies)
        finding = _refined(finding, began)
        return Found(finding, judge(finding, likeness, camera, self.case.atlas), likeness)

    def closer(self, exposure: Exposure) -> Closer:
        """Return what a climb in a frame needs."""
        return Closer(exposure, self.renderer, self.case.corners_mm)

    def judged(self, image: Float32, camera: Camera, finding: Finding) -> Found:
        """Judge what a schedule found as it is; in a body, where only an alignment tells how like it is, aligned."""
        if self.bodies is not None:
            return self.settled(image, camera, finding)
        began, atlas = time.perf_counter_ns(), self.case.atlas
        likeness = edge_likeness(image, look(finding.camera_from_volume, camera, atlas), atlas)
        judgement = judge(finding, likeness, camera, atlas)
        quality_ns = finding.quality_ns + time.perf_counter_ns() - began
        return Found(replace(finding, quality_ns=quality_ns), judgement, likeness)

    def anywhere(self, image: Float32, camera: Camera, exposure: Exposure) -> Found:
        """Search the whole frame; stop at the first candidate that is surely right."""
        best: Found | None = None
        for start in candidate_poses(image, camera, self.case.atlas):
            found = self.follow(image, start, camera, DEFAULT_SCHEDULE, exposure)
            if best is None or found.judgement.confidence > best.judgement.confidence:
                best = found
            if found.judgement.status is Status.TRACKING and found.judgement.confidence > 0.95:
                return found
        if best is None:
            raise AssertionError("the search returned no candidate")
        return best


class Engine:
    """The resident cases by name, within a budget of bytes: whoever was used longest ago makes room."""

    def __init__(self, device: Device, budget_bytes: int | None = None) -> None:
        """Serve on one device; without a budget everything stays."""
        self.device = device
        self.budget_bytes = budget_bytes
        self.evicted = 0
        self._cases: dict[str, ResidentCase] = {}
        self._lock = threading.Lock()
        self._uses = 0

    def add(self, case: Case, bundle: Bundle, in_use: Collection[str] = ()) -> ResidentCase:
        """Make a case resident and warm it up; replaces one of the same name. Cases `in_use` are never evicted.

        Raises
        ------
        NotReadyError
            If it does not fit beside those in use.
        """
        resident = ResidentCase(case, bundle, self.device)
        with self._lock:
            self._make_room(resident, in_use)
        _warm_up(resident)
        with self._lock:
            self._make_room(resident, in_use)
            self._cases[case.name] = resident
        return resident

    def remove(self, name: str) -> None:
        """Forget a case, or raise UnknownCaseError."""
        with self._lock:
            if self._cases.pop(name, None) is None:
                raise UnknownCaseError(f"expected a resident case, got {name!r}")

    def names(self) -> list[str]:
        """Return the names of the resident cases."""
        with self._lock:
            return sorted(self._cases)

    def case(self, name: str) -> ResidentCase:
        """Return a resident case, or raise UnknownCaseError naming those there are."""
        with self._lock:
            if name not in self._cases:
                known = ", ".join(sorted(self._cases)) or "none"
                raise UnknownCaseError(f"expected a case of: {known}; got {name!r}")
            self._uses += 1
            self._cases[name].used_at = self._uses
            return self._cases[name]

    def atlas_bytes(self) -> int:
        """Return the bytes of all resident atlases."""
        with self._lock:
            return sum(int(resident.case.atlas.pictures.nbytes) for resident in self._cases.values())

    def resident_bytes(self) -> int:
        """Return the bytes of all resident cases with their networks."""
        with self._lock:
            return sum(resident.size_bytes for resident in self._cases.values())

    def fallback_nodes(self) -> int:
        """Return how many nodes of all networks run on the CPU although the device is another."""
        with self._lock:
            return sum(resident.stepper.fallback_nodes for resident in self._cases.values())

    def _make_room(self, resident: ResidentCase, in_use: Collection[str]) -> None:
        if self.budget_bytes is None:
            return
        others = {name: one for name, one in self._cases.items() if name != resident.case.name}
        free = self.budget_bytes - resident.size_bytes - sum(one.size_bytes for one in others.values())
        for name, one in sorted(others.items(), key=lambda item: item[1].used_at):
            if free >= 0:
                return
            if name not in in_use:
                del self._cases[name]
                self.evicted += 1
                free += one.size_bytes
        if free < 0:
            raise NotReadyError(
                f"expected room for the {resident.size_bytes} bytes of case {resident.case.name!r} within "
                f"{self.budget_bytes}, got {-free} too few beside the cases in use; try again when sessions have ended"
            )


def _bodies(inside: PlaneRenderer, case: Case, rest: Volume) -> Bodies:
    """Return what renders the object of a case, which is given, and the `rest` of its CT."""
    return Bodies(inside, quick_rest_renderer(rest, case.atlas.view))


def _refined(finding: Finding, began_ns: int) -> Finding:
    """Return a finding with the time since then as further refinement."""
    return replace(finding, refine_ns=finding.refine_ns + time.perf_counter_ns() - began_ns)


def _warm_up(resident: ResidentCase) -> None:
    """Run the real path once on a made-up frame, so that the first true frame waits for no compilation."""
    view = resident.case.atlas.view
    camera = view.camera
    view_count = resident.case.atlas.grid.count
    middle = np.asarray(resident.case.atlas.views[view_count // 2], np.float32)
    pose = np.eye(4)
    pose[:3, :3] = view.base_rotation
    pose[:3, 3] = np.array([0.0, 0.0, view.range_mm]) - view.base_rotation @ view.centre_mm
    atlas = resident.case.atlas
    index = atlas.grid.nearest(0.0, 0.0)
    views = atlas.lines(*atlas.grid.neighbours(index))
    turn = Turn(0.0, 0.0, 1.0, 1.0, view.range_mm)
    edge_equations(middle, np.eye(3), views, turn, FLOOR)
    seen = cached_view(look(pose, camera, atlas), camera, atlas)
    correlation_equations(middle, seen, atlas, FLOOR)
    correlation_with(middle, resident.renderer.render(camera, pose), FLOOR)
    for dtype in FRAME_DTYPES:
        pixels = (120.0 * np.exp(-middle) + 5.0).astype(dtype)
        for meaning in (PixelMeaning.LINE_INTEGRAL, PixelMeaning.INTENSITY):
            resident.register(pixels, camera, meaning, False, Plan(pose, nearby=False))


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
