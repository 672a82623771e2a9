"""Views of an object from all directions: six charts, each a grid of the two out-of-plane angles about its own base.

A view is from a direction, the ray from the source through the object's centre. The directions are shared out as the
faces of a cube share the sphere: a chart serves those nearest to its own middle, up to 45 degrees in both angles, and
its grid goes on beyond by `BEYOND_DEG`, so that a pose that has a chart need not leave it at once. Within a chart

    R = Rz(theta) Rx(alpha) Ry(beta) B_c,        B_c = F_c B

with B the case's base rotation and F_c the turn that brings the chart's middle to the optical axis; F_0 is the
identity. A pose means the same in every chart: only the cached view differs from which its residual is counted.
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from fluoropose.arrays import Bool, Float32, Mat33, Vec3, make_read_only
from fluoropose.drr.atlas import STAY_STEPS, AtlasGrid
from fluoropose.geometry.canonical import CanonicalPose, CentralRay
from fluoropose.geometry.rotation import about_x, about_y, from_zxy

__all__ = ["BEYOND_DEG", "CHARTS", "SphereGrid"]

BEYOND_DEG = 9.0
"""How far a chart's grid goes on beyond its share of the directions."""

_STAY_RAD = float(np.deg2rad(45.0 + BEYOND_DEG - 4.0))
"""A pose stays with the chart of its last view while both angles are within this: views beyond are there for turns."""

_BEYOND_COSINES = 0.12
"""By how much a view's cosine with its chart's middle may be less than with another's: cos 40 - cos 50 degrees."""

CHARTS: tuple[Mat33, ...] = tuple(
    make_read_only(turn)
    for turn in (
        np.eye(3),
        about_y(np.pi / 2),
        about_y(np.pi),
        about_y(-np.pi / 2),
        about_x(np.pi / 2),
        about_x(-np.pi / 2),
    )
)
"""F_c of every chart: the expected view, its two sides and its back, above and below."""

_MIDDLES: list[list[float]] = [turn[2].tolist() for turn in CHARTS]
"""The direction of every chart's middle in the base view's axes."""


@dataclass(frozen=True, slots=True, eq=False)
class SphereGrid:
    """The views of all charts of a case, `step_deg` apart, numbered chart by chart; angles in rad."""

    base_rotation: Mat33
    step_deg: float = 2.0
    _rotations: dict[int, Mat33] = field(default_factory=dict, init=False, repr=False)

    @property
    def chart(self) -> AtlasGrid:
        """The grid of one chart."""
        return _chart(self.step_deg)

    @property
    def count(self) -> int:
        """The number of views of all charts."""
        return len(CHARTS) * _views_of_chart(self.step_deg)

    def base(self, chart: int) -> Mat33:
        """Return the base rotation of a chart."""
        return self.base_rotation if chart == 0 else CHARTS[chart] @ self.base_rotation

    def locate(self, ray: CentralRay, stay: int | None = None) -> tuple[CanonicalPose, int]:
        """Return a pose's parts in its chart and its nearest view; `stay` is the view of the step before.

        The chart of `stay` is kept while the angles are within its grid, and `stay` itself as `AtlasGrid` says.
        """
        grid, count = self.chart, _views_of_chart(self.step_deg)
        if stay is not None:
            chart, inside = divmod(stay, count)
            pose = ray.split(self.base(chart))
            if max(abs(pose.alpha_rad), abs(pose.beta_rad)) <= _STAY_RAD:
                return pose, chart * count + grid.nearest_view(pose.alpha_rad, pose.beta_rad, inside)
        chart = self.chart_of(ray.direction)
        pose = ray.split(self.base(chart))
        return pose, chart * count + grid.nearest_view(pose.alpha_rad, pose.beta_rad)

    def chart_of(self, direction: Vec3) -> int:
        """Return the chart that serves a ray's direction in the volume's axes, (3,)."""
        x, y, z = (self.base_rotation @ direction).tolist()
        along = [a * x + b * y + c * z for a, b, c in _MIDDLES]
        return along.index(max(along))

    def angles_of(self, index: int) -> tuple[float, float]:
        """Return (alpha, beta) of a view in its chart."""
        return _angles_of(self.step_deg, index % _views_of_chart(self.step_deg))

    def rotation(self, index: int) -> Mat33:
        """Return the object's rotation in the canonical camera in a view."""
        known = self._rotations.get(index)
        if known is None:
            alpha, beta = self.angles_of(index)
            base = self.base(index // _views_of_chart(self.step_deg))
            known = self._rotations[index] = make_read_only(from_zxy(0.0, alpha, beta) @ base)
        return known

    def neighbours(self, index: int) -> tuple[int, int, int, int, int]:
        """Return a view and its neighbours in its chart (`AtlasGrid.neighbours`)."""
        return _neighbours(self.step_deg, index)

    def about(self, index: int, reach_deg: float, step_deg: float) -> list[int]:
        """Return the views of a chart about one of them (`AtlasGrid.about`)."""
        count = _views_of_chart(self.step_deg)
        chart, inside = divmod(index, count)
        return [chart * count + other for other in self.chart.about(inside, reach_deg, step_deg)]

    def views_of(self, grid: AtlasGrid) -> tuple[list[int], list[int]]:
        """Return which views of a grid about the base view are views here, and their indices here."""
        if grid.step_deg != self.step_deg:
            return [], []
        own, here = [], []
        for index in range(grid.count):
            alpha, beta = np.rad2deg(grid.angles_of(index))
            if max(abs(alpha), abs(beta)) <= self.chart.half_range_deg + STAY_STEPS:
                own.append(index)
                here.append(self.chart.nearest_view(np.deg2rad(alpha), np.deg2rad(beta)))
        return own, here

    def around(self, direction: Vec3, radius_deg: float) -> list[int]:
        """Return the views within an angle of a direction in the volume's axes (3,), the nearest first.

        Of a chart only those that a pose can have are among them: its share of the directions, and what lies just
        beyond.
        """
        near = _directions(self.step_deg) @ (self.base_rotation @ direction).astype(np.float32)
        chosen = np.flatnonzero((near >= np.cos(np.deg2rad(radius_deg))) & _in_use(self.step_deg))
        return [int(index) for index in chosen[np.argsort(-near[chosen], kind="stable")]]


# What steps ask for again and again: of a grid it is computed once.
@cache
def _chart(step_deg: float) -> AtlasGrid:
    return AtlasGrid(45.0 + BEYOND_DEG, step_deg)


@cache
def _views_of_chart(step_deg: float) -> int:
    return _chart(step_deg).count


@cache
def _angles_of(step_deg: float, inside: int) -> tuple[float, float]:
    return _chart(step_deg).angles_of(inside)


@cache
def _neighbours(step_deg: float, index: int) -> tuple[int, int, int, int, int]:
    """Return a view and its neighbours in its chart."""
    chart, inside = divmod(index, _views_of_chart(step_deg))
    first = chart * _views_of_chart(step_deg)
    middle, up, down, right, left = _chart(step_deg).neighbours(inside)
    return first + middle, first + up, first + down, first + right, first + left


@cache
def _directions(step_deg: float) -> Float32:
    """Return the directions of all views in the base view's axes, (views, 3)."""
    grid = SphereGrid(np.eye(3), step_deg)
    return make_read_only(np.array([grid.rotation(index)[2] for index in range(grid.count)], np.float32))


@cache
def _in_use(step_deg: float) -> Bool:
    """Return which views lie in their chart's share of the directions, or beyond it by less than about 5 degrees."""
    along = _directions(step_deg) @ np.array([turn[2] for turn in CHARTS], np.float32).T
    own = along[np.arange(len(along)), np.arange(len(along)) // (len(along) // len(CHARTS))]
    return np.asarray(own >= along.max(axis=1) - _BEYOND_COSINES)
