"""The cost of the edges: Gauss-Newton on `similarity.edge_equations`, with the floor of scatter fitted too.

From every start the networks come to the same place in a frame, but not quite to the right one: what they believe of a
crossing bone, or of metal that hardened the beam, is the same each time. Edges that fit badly count little here, so a
crossing bone's rim does not draw the pose aside. Lengths in mm, angles in rad.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera
from fluoropose.registration.refinement.gauss_newton import AbstractCost, Equations, NewtonStep
from fluoropose.registration.regression.residual import (
    ViewAlignment,
    ViewParameters,
    align_view,
    residual_from_grid,
    view_offsets_rad,
)
from fluoropose.similarity.edge_drawing import DETECTOR_BLUR, MEAN_BLUR
from fluoropose.similarity.edge_equations import Turn, edge_equations

__all__ = ["EDGES", "EdgeCost", "EdgeSettings", "floor_of_contrast"]


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """How much the edges are believed, and the floor of scatter that is fitted with the pose.

    `information_share` is the information of the edges over that of independent pixels, because neighbours err
    together: squared errors are 0.3 to 0.6 times what it says on simulated frames (180 poses an object, seeds 10 to
    12), and up to 2.8 times on real ones (wrist). `floor` is where the fitted floor starts from, a share of what comes
    through beside the object. Its logarithm deviates by `floor_log_sigma` about that, stays within `floor_range`, and
    changes in one step by at most `floor_log_step`.

    What an opaque object leaves of the light is the floor alone, so there the frame's contrast tells the floor: with a
    deviation of its logarithm of `opaque_log_sigma`, up to `opaque_most`. An object is opaque if half of its pixels
    stop more than `opaque_lines` (a line integral).
    """

    information_share: float = 1.0 / 8.0
    floor: float = 0.1
    floor_log_sigma: float = 1.0
    floor_range: tuple[float, float] = (0.003, 1.0)
    floor_log_step: float = 1.0
    opaque_lines: float = 5.0
    opaque_log_sigma: float = 0.1
    opaque_most: float = 10.0


EDGES = EdgeSettings()


class EdgeCost(AbstractCost):
    """The edges of one frame (rows, columns) of line integrals, seen by `camera`, beside the cached views of an atlas.

    Where `unused` (rows, columns) is over 0, no edge is compared: beyond the field, under a mark, where pixels are
    clipped. Unknowns are the six of the residual and the logarithm of the floor.
    """

    def __init__(
        self,
        frame: Float32,
        camera: Camera,
        atlas: AbstractAtlas,
        settings: EdgeSettings = EDGES,
        floor: float | None = None,
        unused: Float32 | None = None,
    ) -> None:
        self.floor = settings.floor if floor is None else floor
        self._overall: Callable[[], float] | None = None
        self._frame, self._camera, self._atlas, self._settings = frame, camera, atlas, settings
        self._unused = unused
        self._alignment: ViewAlignment | None = None
        self._views: tuple[int, Float32] | None = None
        self._is_opaque: bool | None = None
        self._detector = MEAN_BLUR if atlas.averages_pixels else DETECTOR_BLUR

    @property
    def alignment(self) -> ViewAlignment:
        """The alignment of the last pose that was evaluated."""
        if self._alignment is None:
            raise AssertionError("expected an evaluation before, got none")
        return self._alignment

    @property
    def is_opaque(self) -> bool:
        """Whether the object stops nearly all light, as far as it was looked at."""
        return self._is_opaque is True

    @property
    def overall(self) -> float:
        """The correlation of the whole window at the last pose that was evaluated."""
        return 1.0 if self._overall is None else float(self._overall())

    def evaluate(self, pose: Mat44) -> Equations:
        """Return the equations about camera_from_volume; the cached view is kept while the pose is near it."""
        stay = None if self._alignment is None else self._alignment.view_index
        alignment = self._alignment = align_view(pose, self._camera, self._atlas, stay)
        views = self._views_of(alignment.view_index)
        turn = _turn_from_view(alignment, self._atlas)
        found = edge_equations(
            self._frame, alignment.frame_from_canonical_px, views, turn, self.floor, self._detector, self._unused
        )
        self._overall = found.overall
        back = np.eye(7)
        back[:6, :6] = residual_from_grid(alignment)
        share = self._settings.information_share
        information, vector = share * back @ found.information @ back.T, share * back @ found.vector
        expected, log_sigma = self._expected_floor(views[0], found.contrast)
        information[6, 6] += log_sigma**-2.0
        vector[6] += log_sigma**-2.0 * np.log(expected / self.floor)
        return Equations(information, vector, found.agreement, ViewParameters(alignment, self._atlas))

    def _expected_floor(self, view: Float32, contrast: float) -> tuple[float, float]:
        """Return the floor that is expected, and the deviation of its logarithm."""
        settings = self._settings
        if self._is_opaque is None:
            self._is_opaque = _median_of_seen_exceeds(view, settings.opaque_lines)
        if not self._is_opaque:
            return settings.floor, settings.floor_log_sigma
        least = settings.floor_range[0]
        return min(max(floor_of_contrast(self.floor, contrast), least), settings.opaque_most), settings.opaque_log_sigma

    def _views_of(self, index: int) -> Float32:
        """Return a view and its neighbours; those of the last evaluation are kept, as most steps stay with one."""
        if self._views is None or self._views[0] != index:
            self._views = index, self._atlas.line_integrals(*self._atlas.neighbours(index))
        return self._views[1]

    def accept(self, step: NewtonStep) -> None:
        """Move the floor."""
        most, (least, greatest) = self._settings.floor_log_step, self._settings.floor_range
        greatest = self._settings.opaque_most if self._is_opaque else greatest
        changed = self.floor * float(np.exp(np.clip(step.change[6], -most, most)))
        self.floor = min(max(changed, least), greatest)

    def agreement_at(self, pose: Mat44) -> float:
        """Return the agreement of the edges at another pose, with the floor as it is."""
        other = EdgeCost(self._frame, self._camera, self._atlas, self._settings, self.floor, self._unused)
        return other.evaluate(pose).agreement


def _median_of_seen_exceeds(view: Float32, least: float) -> bool:
    """Tell whether the median of a view's pixels that are above 0 is above `least`, which is positive."""
    seen, above = int(np.count_nonzero(view > 0.0)), int(np.count_nonzero(view > least))
    if 2 * above != seen or not seen:
        return 2 * above > seen
    return bool(np.median(view[view > 0.0]) > least)


def floor_of_contrast(floor: float, contrast: float) -> float:
    """Return the floor beside which an opaque object shows what it shows with a `floor` at a `contrast`.

    Beside the object 1 + floor comes through, behind it the floor: with F the one that is looked for,
    log((1 + F) / F) = contrast x log((1 + floor) / floor). Without a contrast it is infinite: no edge is seen.
    """
    if contrast <= 0.0:
        return float("inf")
    return float(1.0 / np.expm1(contrast * np.log1p(1.0 / floor)))


def _turn_from_view(alignment: ViewAlignment, atlas: AbstractAtlas) -> Turn:
    """Return how far a pose is turned from its cached view."""
    step_rad, view = float(np.deg2rad(atlas.step_deg)), atlas.view
    alpha, beta = view_offsets_rad(alignment, atlas)
    return Turn(alpha / step_rad, beta / step_rad, step_rad, view.field_mm / view.size_px, view.range_mm)
