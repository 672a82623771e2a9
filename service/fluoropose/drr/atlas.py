"""The atlas, the DRR cache of a case: canonical views on a grid of the two out-of-plane angles, at nominal range.

View (i, j) shows the line integrals (dimensionless) of the object on the optical axis with the rotation
Rx(alpha_i) Ry(beta_j) B (see `geometry.canonical`). The networks know the CT from the atlas alone: no step of the
regression renders.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Mat33, Mat44
from fluoropose.drr.pictures import ViewPictures
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.canonical import (
    CanonicalPose,
    CanonicalView,
    canonical_pose,
    pose_from_canonical,
    view_rotation,
)
from fluoropose.imaging.half_precision import to_single
from fluoropose.imaging.volume import Volume

__all__ = [
    "AbstractAtlas",
    "Atlas",
    "AtlasGrid",
    "REFERENCE_STEP_DEG",
    "STAY_STEPS",
    "build_atlas",
    "default_step_mm",
    "no_progress",
    "pose_of_view",
    "render_rotation",
    "render_view",
]

REFERENCE_STEP_DEG = 2.0
"""The networks are given a view's change over this angle, whatever the grid's step."""

STAY_STEPS = 0.75
"""A pose stays with its cached view while both angles are within this many grid steps of it."""

Progress = Callable[[int, int], None]
"""A function that is called with (done, total) after each picture."""


@dataclass(frozen=True, slots=True)
class AtlasGrid:
    """The angles of an atlas's views, -half_range .. +half_range in steps, in degrees: alpha in rows, beta in columns.

    Without `half_range_beta_deg` both angles have the same range. A wider range of beta is for C-arms that turn about
    the object, as about a patient's long axis.
    """

    half_range_deg: float = 36.0
    step_deg: float = 2.0
    half_range_beta_deg: float | None = None

    @property
    def reach_deg(self) -> tuple[float, float]:
        """The largest alpha and the largest beta, degrees."""
        beta = self.half_range_deg if self.half_range_beta_deg is None else self.half_range_beta_deg
        return self.half_range_deg, beta

    @property
    def rows(self) -> int:
        """The number of alphas."""
        return _side(self.half_range_deg, self.step_deg)

    @property
    def columns(self) -> int:
        """The number of betas."""
        return _side(self.reach_deg[1], self.step_deg)

    @property
    def count(self) -> int:
        """The number of views."""
        return self.rows * self.columns

    def nearest_view(self, alpha_rad: float, beta_rad: float, stay: int | None = None) -> int:
        """Return the index of the view nearest to two angles; for angles beyond the grid, of one on its rim.

        `stay` is the view of the step before; it is returned while both angles are within `STAY_STEPS` of it. Otherwise
        a pose half way between two views can alternate between them without end.
        """
        if stay is not None and max(np.abs(np.subtract(self.angles_of(stay), (alpha_rad, beta_rad)))) <= self._stay_rad:
            return stay
        row = self._step_index(alpha_rad, self.rows // 2)
        return row * self.columns + self._step_index(beta_rad, self.columns // 2)

    def angles_of(self, index: int) -> tuple[float, float]:
        """Return (alpha, beta) in rad of the view with an index."""
        row, column = divmod(index, self.columns)
        alpha_deg, beta_deg = (row - self.rows // 2) * self.step_deg, (column - self.columns // 2) * self.step_deg
        return float(np.deg2rad(alpha_deg)), float(np.deg2rad(beta_deg))

    @property
    def per_step(self) -> float:
        """The factor that scales the difference of two neighbouring views to a step of `REFERENCE_STEP_DEG`."""
        return REFERENCE_STEP_DEG / self.step_deg

    def excess_deg(self, alpha_rad: float, beta_rad: float) -> float:
        """Return by how many degrees the angles exceed the grid, the larger of the two; 0 inside the grid."""
        angles = np.abs(np.rad2deg([alpha_rad, beta_rad]))
        return max(float((angles - self.reach_deg).max()), 0.0)

    def subset(self, step_deg: float) -> list[int]:
        """Return the indices of views about `step_deg` apart, the middle one among them."""
        stride = max(1, round(step_deg / self.step_deg))
        rows, columns = (
            [n for n in range(count) if (n - count // 2) % stride == 0] for count in (self.rows, self.columns)
        )
        return [row * self.columns + column for row in rows for column in columns]

    def about(self, index: int, reach_deg: float, step_deg: float) -> list[int]:
        """Return the views at multiples of `step_deg` from a view in both angles, as far as `reach_deg` in all."""
        rows, columns = self.rows, self.columns
        row, column = divmod(index, columns)
        return [
            (row + down) * columns + column + along
            for down, along in _offsets(self.step_deg, reach_deg, step_deg)
            if 0 <= row + down < rows and 0 <= column + along < columns
        ]

    def neighbours(self, index: int) -> tuple[int, int, int, int, int]:
        """Return a view's index and those of its neighbours: alpha up, alpha down, beta up, beta down.

        A view on the rim is its own neighbour on the side where there is no other.
        """
        width = self.columns
        row, column = divmod(index, width)
        up, down = min(row + 1, self.rows - 1) * width + column, max(row - 1, 0) * width + column
        return index, up, down, row * width + min(column + 1, width - 1), row * width + max(column - 1, 0)

    @property
    def _stay_rad(self) -> float:
        return float(np.deg2rad(STAY_STEPS * self.step_deg))

    def _step_index(self, angle_rad: float, half: int) -> int:
        return min(max(round(float(np.rad2deg(angle_rad)) / self.step_deg), -half), half) + half


@cache
def _side(reach_deg: float, step_deg: float) -> int:
    """Return the number of angles from -reach to reach: asked for at each step, so computed once."""
    return 2 * round(reach_deg / step_deg) + 1


@cache
def _offsets(grid_step_deg: float, reach_deg: float, step_deg: float) -> list[tuple[int, int]]:
    """Return the rows and columns from a view to those at multiples of `step_deg` that are not beyond `reach_deg`."""
    stride, most = max(1, round(step_deg / grid_step_deg)), reach_deg / grid_step_deg
    count = int(most // stride)
    steps = range(-count * stride, count * stride + 1, stride)
    return [(down, along) for down in steps for along in steps if hypot(down, along) <= most]


class AbstractAtlas(ABC):
    """The cached views of a case: `pictures` float16 or float32 (n, size, size), and the canonical `view`.

    Views have indices, and pictures have: `picture_indices` tells which pictures show a view.
    """

    pictures: NDArray[Any]
    view: CanonicalView

    @property
    @abstractmethod
    def step_deg(self) -> float:
        """The angle between neighbouring views, degrees."""

    @property
    def averages_pixels(self) -> bool:
        """Whether pixels are means over their area (`AbstractRenderer`)."""
        return False

    @property
    @abstractmethod
    def has_surroundings(self) -> bool:
        """Whether the rest of the CT is cached too."""

    @abstractmethod
    def locate(self, camera_from_volume: Mat44, stay: int | None = None) -> tuple[CanonicalPose, int]:
        """Return the parts of a pose and the index of the view nearest to it, or of one to `stay` with.

        `stay` is the view of the step before; it is returned while both angles are within `STAY_STEPS` of it. Otherwise
        a pose half way between two views can alternate between them without end.
        """

    @abstractmethod
    def angles_of(self, index: int) -> tuple[float, float]:
        """Return (alpha, beta) in rad of a view; they turn from the base view of its neighbourhood."""

    @abstractmethod
    def rotation(self, index: int) -> Mat33:
        """Return the object's rotation in the canonical camera in a view."""

    @abstractmethod
    def neighbours(self, index: int) -> tuple[int, int, int, int, int]:
        """Return a view's index and those of its neighbours: alpha up, alpha down, beta up, beta down."""

    @abstractmethod
    def picture_indices(self, index: int) -> tuple[int, ...]:
        """Return the pictures that a network is given of a view: its neighbours' and any surroundings."""

    @abstractmethod
    def line_integrals(self, *indices: int) -> Float32:
        """Return the object in views as float32, shape (n, size, size)."""

    @abstractmethod
    def surroundings_in(self, *indices: int) -> Float32:
        """Return the rest of the CT in views as float32, shape (n, size, size)."""

    def rough_lines(self, index: int) -> Float32:
        """Return all that a view shows as float32, (side, side), with a side of 64 pixels or a multiple of it.

        It is what searches compare: a view that is not cached may be rendered more coarsely than others.
        """
        lines = self.line_integrals(index)[0]
        return lines + self.surroundings_in(index)[0] if self.has_surroundings else lines

    @abstractmethod
    def views_about(self, index: int, reach_deg: float, step_deg: float) -> list[int]:
        """Return the views about a view, `step_deg` apart in both angles, as far as `reach_deg` in all."""

    @abstractmethod
    def expected_views(self, step_deg: float) -> list[int]:
        """Return the views that a search of the whole frame compares, about `step_deg` apart."""

    @abstractmethod
    def look_ahead(self, camera_from_volume: Mat44) -> None:
        """Prepare for the next frames of an object that was found at a pose."""

    def wait_until_ahead(self, timeout_s: float) -> bool:
        """Wait until what `look_ahead` began is there; tell whether it came to that in time."""
        return True

    @property
    def stamps(self) -> NDArray[np.int64] | None:
        """How often each picture was written, counted on; None where no picture is ever replaced."""
        return None

    @property
    def waited(self) -> int:
        """How many views this frame had to wait for so far."""
        return 0


@dataclass(frozen=True, slots=True, eq=False)
class Atlas(AbstractAtlas):
    """The cached pictures of a case, the `grid` of their angles and the canonical `view`.

    `pictures` are float16 or float32, shape (pictures, size, size). The first are the views of the object. An object in
    a body has as many more: the rest of its CT in the same views, where the CT has it.
    """

    pictures: NDArray[Any]
    grid: AtlasGrid
    view: CanonicalView

    @property
    def views(self) -> NDArray[Any]:
        """The views of the object, shape (rows * columns, size, size)."""
        return self.pictures[: self.grid.count]

    @property
    def surroundings(self) -> NDArray[Any] | None:
        """The rest of the CT in each view, shape (rows * columns, size, size), or None if it is not cached."""
        return self.pictures[self.grid.count :] if self.has_surroundings else None

    @property
    def has_surroundings(self) -> bool:
        """Whether the rest of the CT is cached too."""
        return len(self.pictures) > self.grid.count

    @property
    def step_deg(self) -> float:
        """The grid's step, degrees."""
        return self.grid.step_deg

    def locate(self, camera_from_volume: Mat44, stay: int | None = None) -> tuple[CanonicalPose, int]:
        """Return the parts of a pose and the index of the nearest view; beyond the grid, of one on its rim."""
        pose = canonical_pose(camera_from_volume, self.view)
        return pose, self.grid.nearest_view(pose.alpha_rad, pose.beta_rad, stay)

    def angles_of(self, index: int) -> tuple[float, float]:
        """Return (alpha, beta) in rad of a view."""
        return self.grid.angles_of(index)

    def neighbours(self, index: int) -> tuple[int, int, int, int, int]:
        """Return the indices of a view and its neighbours (`AtlasGrid.neighbours`)."""
        return self.grid.neighbours(index)

    def picture_indices(self, index: int) -> tuple[int, ...]:
        """Return the pictures that a network is given of a view: `AtlasGrid.neighbours` and any surroundings."""
        neighbours = self.grid.neighbours(index)
        return (*neighbours, self.grid.count + index) if self.has_surroundings else neighbours

    def line_integrals(self, *indices: int) -> Float32:
        """Return the object in views as float32, shape (n, size, size)."""
        return _as_single(self.pictures[list(indices)])

    def surroundings_in(self, *indices: int) -> Float32:
        """Return the rest of the CT in views as float32, shape (n, size, size)."""
        return _as_single(self.pictures[[self.grid.count + index for index in indices]])

    def views_about(self, index: int, reach_deg: float, step_deg: float) -> list[int]:
        """Return the views of the grid about one of them (`AtlasGrid.about`)."""
        return self.grid.about(index, reach_deg, step_deg)

    def expected_views(self, step_deg: float) -> list[int]:
        """Return the views of the grid that are about `step_deg` apart."""
        return self.grid.subset(step_deg)

    def look_ahead(self, camera_from_volume: Mat44) -> None:
        """Do nothing: the views are there."""

    def rotation(self, index: int) -> Mat33:
        """Return the object's rotation in the canonical camera in the view with an index."""
        alpha, beta = self.grid.angles_of(index)
        return view_rotation(alpha, beta, self.view)


def _as_single(pictures: NDArray[Any]) -> Float32:
    chosen = np.asarray(pictures)
    return to_single(chosen) if chosen.dtype == np.float16 else np.asarray(chosen, np.float32)


def no_progress(done: int, total: int) -> None:
    """Ignore the progress."""


def default_step_mm(volume: Volume) -> float:
    """Return the sampling step along rays, one voxel: a smaller one no longer lessens the atlas's error (tested)."""
    return float(volume.spacing_mm.min())


def render_view(renderer: AbstractRenderer, view: CanonicalView, alpha_rad: float, beta_rad: float) -> NDArray[Any]:
    """Return the canonical picture at two out-of-plane angles, float32 (size, size)."""
    return render_rotation(renderer, view, view_rotation(alpha_rad, beta_rad, view))


def render_rotation(renderer: AbstractRenderer, view: CanonicalView, rotation: Mat33) -> Float32:
    """Return the picture of an object with a rotation in the canonical camera, float32 (size, size)."""
    return renderer.render(view.camera, pose_of_view(view, rotation))


def pose_of_view(view: CanonicalView, rotation: Mat33) -> Mat44:
    """Return the pose, `camera_from_volume`, of an object with a rotation in the canonical camera."""
    return pose_from_canonical(np.eye(3), rotation, np.array([0.0, 0.0, view.range_mm]), view)


def build_atlas(
    renderer: AbstractRenderer,
    view: CanonicalView,
    grid: AtlasGrid,
    *,
    rest: AbstractRenderer | None = None,
    out: NDArray[Any] | None = None,
    progress: Progress = no_progress,
) -> Atlas:
    """Render all views of the grid, and the same views of the `rest` of the CT if it is given.

    The pictures go into `out`, a float16 array or memory map of their shape; by default into a new array.
    """
    renderers = [renderer] if rest is None else [renderer, rest]
    total = grid.count * len(renderers)
    pictures = np.empty((total, view.size_px, view.size_px), np.float16) if out is None else out
    kept = ViewPictures(pictures)
    for which, one in enumerate(renderers):
        for first in range(0, grid.count, one.at_once):
            indices = range(first, min(first + one.at_once, grid.count))
            poses = [pose_of_view(view, view_rotation(*grid.angles_of(index), view)) for index in indices]
            one.render_into(view.camera, poses, kept, [which * grid.count + index for index in indices])
            for index in indices:
                progress(which * grid.count + index + 1, total)
    return Atlas(pictures, grid, view)
