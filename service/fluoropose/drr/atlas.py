"""The atlas, our DRR cache: canonical views over a grid of the two out-of-plane angles, at nominal depth.

View (i, j) shows the object on the axis with rotation Rx(alpha_i) Ry(beta_j) B (see `geometry.canonical`), as line
integrals, dimensionless. Everything about the CT that the networks need of it is in here: no step of theirs renders.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Mat33
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.canonical import CanonicalView, pose_from_canonical, view_rotation
from fluoropose.imaging.half_precision import to_single
from fluoropose.imaging.volume import Volume

__all__ = ["Atlas", "AtlasGrid", "REFERENCE_STEP_DEG", "build_atlas", "default_step_mm", "no_progress", "render_view"]

REFERENCE_STEP_DEG = 2.0
"""Regressors see how a view changes over so much, whatever the grid's step."""

STAY_STEPS = 0.75
"""Of the grid's steps: so far from a cached view a pose may be that stays with it."""

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


@dataclass(frozen=True, slots=True)
class AtlasGrid:
    """Angles -half_range .. +half_range in steps, degrees: alpha in rows, beta in columns.

    Without `half_range_beta_deg` both reach as far. A wider beta is for C-arms that look at the object from several
    sides, as about a patient's long axis.
    """

    half_range_deg: float = 36.0
    step_deg: float = 2.0
    half_range_beta_deg: float | None = None

    @property
    def reach_deg(self) -> tuple[float, float]:
        """How far alpha and beta reach, degrees."""
        beta = self.half_range_deg if self.half_range_beta_deg is None else self.half_range_beta_deg
        return self.half_range_deg, beta

    @property
    def rows(self) -> int:
        """Number of alphas."""
        return 2 * round(self.reach_deg[0] / self.step_deg) + 1

    @property
    def columns(self) -> int:
        """Number of betas."""
        return 2 * round(self.reach_deg[1] / self.step_deg) + 1

    @property
    def count(self) -> int:
        """Number of views."""
        return self.rows * self.columns

    def nearest_view(self, alpha_rad: float, beta_rad: float, stay: int | None = None) -> int:
        """Return the index of the view nearest to the two angles; beyond the rim, the rim.

        `stay` is a view that is returned while both angles are within `STAY_STEPS` of it: steps of a pose half way
        between two views else go to and fro, each view asking for the other.
        """
        if stay is not None and max(np.abs(np.subtract(self.angles_of(stay), (alpha_rad, beta_rad)))) <= self._stay_rad:
            return stay
        row = self._step_index(alpha_rad, self.rows // 2)
        return row * self.columns + self._step_index(beta_rad, self.columns // 2)

    def angles_of(self, index: int) -> tuple[float, float]:
        """Return (alpha, beta) of a view in rad."""
        row, column = divmod(index, self.columns)
        alpha_deg, beta_deg = (row - self.rows // 2) * self.step_deg, (column - self.columns // 2) * self.step_deg
        return float(np.deg2rad(alpha_deg)), float(np.deg2rad(beta_deg))

    @property
    def per_step(self) -> float:
        """What a neighbour's difference is multiplied by to be that of `REFERENCE_STEP_DEG`."""
        return REFERENCE_STEP_DEG / self.step_deg

    def excess_deg(self, alpha_rad: float, beta_rad: float) -> float:
        """Return how far the angle that lies further beyond the grid does so, degrees; 0 inside."""
        angles = np.abs(np.rad2deg([alpha_rad, beta_rad]))
        return max(float((angles - self.reach_deg).max()), 0.0)

    def neighbours(self, index: int) -> tuple[int, int, int, int, int]:
        """Return a view's index and those one step up and down in alpha, then in beta; at the rim, its own."""
        width = self.columns
        row, column = divmod(index, width)
        up, down = min(row + 1, self.rows - 1) * width + column, max(row - 1, 0) * width + column
        return index, up, down, row * width + min(column + 1, width - 1), row * width + max(column - 1, 0)

    @property
    def _stay_rad(self) -> float:
        return float(np.deg2rad(STAY_STEPS * self.step_deg))

    def _step_index(self, angle_rad: float, half: int) -> int:
        return min(max(round(float(np.rad2deg(angle_rad)) / self.step_deg), -half), half) + half


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """What is cached of a case: `pictures`, the `grid` their views stand on and the canonical `view`.

    `pictures` are float16 or float32 (pictures, size, size): the views of the object, and of an object in a body as
    many of the rest of its CT, where the CT has it beside the object in each view.
    """

    pictures: NDArray[Any]
    grid: AtlasGrid
    view: CanonicalView

    @property
    def views(self) -> NDArray[Any]:
        """The views of the object, (rows * columns, size, size)."""
        return self.pictures[: self.grid.count]

    @property
    def surroundings(self) -> NDArray[Any] | None:
        """The rest of the CT in each view, (rows * columns, size, size), or None."""
        return self.pictures[self.grid.count :] if self.has_surroundings else None

    @property
    def has_surroundings(self) -> bool:
        """Whether the rest of the CT is cached too."""
        return len(self.pictures) > self.grid.count

    def picture_indices(self, index: int) -> tuple[int, ...]:
        """Return which pictures a look at a view needs: `AtlasGrid.neighbours`, and the view's surroundings if any."""
        neighbours = self.grid.neighbours(index)
        return (*neighbours, self.grid.count + index) if self.has_surroundings else neighbours

    def line_integrals(self, *indices: int) -> Float32:
        """Return pictures as float32, (n, size, size)."""
        chosen = np.asarray(self.pictures[list(indices)])
        return to_single(chosen) if chosen.dtype == np.float16 else np.asarray(chosen, np.float32)

    def rotation(self, index: int) -> Mat33:
        """Return the object's rotation in the canonical camera for one view."""
        alpha, beta = self.grid.angles_of(index)
        return view_rotation(alpha, beta, self.view)


def no_progress(done: int, total: int) -> None:
    """Report to nobody."""


def default_step_mm(volume: Volume) -> float:
    """Return the sampling step along rays: one voxel, where the atlas error no longer depends on it (tested)."""
    return float(volume.spacing_mm.min())


def render_view(renderer: AbstractRenderer, view: CanonicalView, alpha_rad: float, beta_rad: float) -> NDArray[Any]:
    """Return one canonical picture, float32 (size, size)."""
    rotation = view_rotation(alpha_rad, beta_rad, view)
    centre_mm = np.array([0.0, 0.0, view.range_mm])
    return renderer.render(view.camera, pose_from_canonical(np.eye(3), rotation, centre_mm, view))


def build_atlas(
    renderer: AbstractRenderer,
    view: CanonicalView,
    grid: AtlasGrid,
    *,
    rest: AbstractRenderer | None = None,
    out: NDArray[Any] | None = None,
    progress: Progress = no_progress,
) -> Atlas:
    """Render all views of the grid, and those of the `rest` of the CT if it is given.

    They go into `out`, a float16 array or memory map; made here where not given.
    """
    renderers = [renderer] if rest is None else [renderer, rest]
    total = grid.count * len(renderers)
    pictures = np.empty((total, view.size_px, view.size_px), np.float16) if out is None else out
    for index in range(total):
        which, angles = renderers[index // grid.count], grid.angles_of(index % grid.count)
        pictures[index] = np.minimum(render_view(which, view, *angles), 6e4)
        progress(index + 1, total)
    return Atlas(pictures, grid, view)
