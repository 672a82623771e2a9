"""The resident cases by name, within a budget of bytes."""

import threading
from collections.abc import Collection

import numpy as np

from fluoropose.drr.case import Case
from fluoropose.errors import NotReadyError, UnknownCaseError
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.xray import FRAME_DTYPES, PixelMeaning
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import Device
from fluoropose.registration.initialization.start_search import StartMatches
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import prepare_views
from fluoropose.registration.refinement.costs.edges import EdgeCost
from fluoropose.registration.refinement.costs.gradient_correlation import GradientCorrelationCost, Window
from fluoropose.registration.refinement.gauss_newton import Prior, newton_step
from fluoropose.registration.regression.bundle import Bundle
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView

__all__ = ["CaseCache", "warm_up"]


class CaseCache:
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
        resident = load_resident_case(case, bundle, self.device)
        with self._lock:
            self._make_room(resident, in_use)
        warm_up(resident)
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

    def evict(self, names: Collection[str]) -> None:
        """Forget those cases of `names` that are resident, as if they had made room."""
        with self._lock:
            for name in names:
                self.evicted += self._cases.pop(name, None) is not None

    def uses(self) -> dict[str, int]:
        """Return a number for each resident case that grows when the case is used."""
        with self._lock:
            return {name: resident.used_at for name, resident in self._cases.items()}

    def bytes_of(self, names: Collection[str]) -> int:
        """Return the bytes of those cases of `names` that are resident."""
        with self._lock:
            return sum(self._cases[name].size_bytes for name in names if name in self._cases)

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


def warm_up(resident: ResidentCase) -> None:
    """Run the real path once on a made-up frame, so that the first true frame waits for no compilation.

    Every kind of frame is prepared; beyond that all frames are alike, so that one is registered nearby, one from afar.
    """
    atlas = resident.case.atlas
    view, camera = atlas.view, atlas.view.camera
    middle = np.asarray(atlas.views[atlas.grid.count // 2], np.float32)
    pose = np.eye(4)
    pose[:3, :3] = view.base_rotation
    pose[:3, 3] = np.array([0.0, 0.0, view.range_mm]) - view.base_rotation @ view.centre_mm
    EdgeCost(middle, camera, atlas).evaluate(pose)
    cost = GradientCorrelationCost(Window(middle, camera), atlas, resident.renderer)
    equations = cost.evaluate(pose)
    cost.polish(equations, newton_step(equations, Prior(np.eye(6))))
    frames = [
        FrameView((120.0 * np.exp(-middle) + 5.0).astype(dtype), PlacedCamera(camera), meaning=meaning)
        for dtype in FRAME_DTYPES
        for meaning in (PixelMeaning.LINE_INTEGRAL, PixelMeaning.INTENSITY)
    ]
    for frame in frames:
        prepare_views(resident, [frame], {})
    for nearby in (True, False):
        register(resident, [frames[-1]], Plan(pose, nearby=nearby))
    StartMatches(middle, camera, resident.atlas, pose, resident.templates).candidates()
