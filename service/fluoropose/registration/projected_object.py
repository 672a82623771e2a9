"""An object's picture at a pose, and its projection into a frame. Line integrals, dimensionless.

The picture is the object's cached view, linear between neighbouring ones. It is warped into the frame by the homography
that warps the frame to the view (`geometry.canonical`). `project_object` and `add_projection` are compiled;
`project_object_twin` and `add_projection_twin` are their slow, clear twins.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64, Mat33, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import CanonicalPose, CanonicalView, canonical_homography
from fluoropose.imaging.attenuation import saturate
from fluoropose.imaging.sampling import sample_bilinear_twin, sample_or_zero

__all__ = [
    "ProjectedObject",
    "add_projection",
    "add_projection_twin",
    "overlaps",
    "project_object",
    "project_object_twin",
]

_WINDOW_SHARE = 1.15
"""The window that an object needs over its canonical field: wider, because its pose is still to move."""

_NOTHING = saturate(np.zeros(1, np.float32))[0]
"""What a detector shows where there is no object: it is subtracted."""

Box = tuple[int, int, int, int]
"""First and last + 1 row, then column."""


@dataclass(frozen=True, slots=True, eq=False)
class ProjectedObject:
    """An object's picture at a pose: `lines` float32 (size, size), as a detector shows them, in its canonical view.

    `lines` are zero where the object is not; `box` holds all that are not zero.
    """

    lines: Float32
    box: Box
    pose: CanonicalPose
    view: CanonicalView

    def frame_from_canonical_px(self, camera: Camera) -> Mat33:
        """Return the homography that takes the picture's pixels to a camera's."""
        return canonical_homography(camera, self.pose, self.view)

    def window(self, camera: Camera) -> Box:
        """Return the pixels of a frame that hold the projection; the end is before the beginning if there are none."""
        top, end, left, stop = self.box
        return self._frame_box(camera, (top - 1.0, float(end)), (left - 1.0, float(stop)))

    def field_window(self, camera: Camera) -> Box:
        """Return the pixels of a frame that the object's networks see, with a margin."""
        middle, half = (self.view.size_px - 1) / 2, _WINDOW_SHARE * self.view.size_px / 2
        side = (middle - half, middle + half)
        return self._frame_box(camera, side, side)

    def _frame_box(self, camera: Camera, rows: tuple[float, float], columns: tuple[float, float]) -> Box:
        return _bounding_pixels(self.frame_from_canonical_px(camera), *rows, *columns, camera.rows, camera.columns)


def project_object(camera_from_volume: Mat44, atlas: AbstractAtlas) -> ProjectedObject:
    """Return the picture of an object at a pose: the nearest cached view and its neighbours, linear in both angles.

    Raises
    ------
    GeometryError
        If the object's centre is not in front of the source.
    """
    pose, index = atlas.locate(camera_from_volume)
    nearest, up, down, right, left = atlas.neighbours(index)
    alpha, beta = atlas.angles_of(nearest)
    step = float(np.deg2rad(atlas.step_deg))
    shares = [min(max(turn / step, -1.0), 1.0) for turn in (pose.alpha_rad - alpha, pose.beta_rad - beta)]
    beside = (up if shares[0] > 0.0 else down, right if shares[1] > 0.0 else left)
    lines, first, second = atlas.line_integrals(nearest, *beside)
    shown = saturate(_blend_views(lines, first, second, abs(shares[0]), abs(shares[1]))) - _NOTHING
    return ProjectedObject(shown, _box(shown), pose, atlas.view)


def project_object_twin(camera_from_volume: Mat44, atlas: AbstractAtlas) -> ProjectedObject:
    """Return what `project_object` returns: its specification."""
    pose, index = atlas.locate(camera_from_volume)
    nearest, up, down, right, left = atlas.neighbours(index)
    alpha, beta = atlas.angles_of(nearest)
    step = np.deg2rad(atlas.step_deg)
    shares = np.clip([(pose.alpha_rad - alpha) / step, (pose.beta_rad - beta) / step], -1.0, 1.0)
    lines = atlas.line_integrals(nearest)[0].astype(np.float64)
    blended = lines.copy()
    for share, ahead, behind in ((shares[0], up, down), (shares[1], right, left)):
        blended += abs(share) * (atlas.line_integrals(ahead if share > 0 else behind)[0].astype(np.float64) - lines)
    shown = np.asarray(saturate(np.maximum(blended, 0.0).astype(np.float32)) - _NOTHING)
    return ProjectedObject(shown, _box(shown), pose, atlas.view)


def _box(lines: Float32) -> Box:
    """Return the rows and columns that hold all that is not zero."""
    rows, columns = np.flatnonzero(lines.any(axis=1)), np.flatnonzero(lines.any(axis=0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def overlaps(first: ProjectedObject, second: ProjectedObject, camera: Camera) -> bool:
    """Tell whether the second object projects into the pixels that the first one's networks see."""
    a, b = first.field_window(camera), second.window(camera)
    return max(a[0], b[0]) < min(a[1], b[1]) and max(a[2], b[2]) < min(a[3], b[3])


def add_projection(frame: Float32, camera: Camera, projected: ProjectedObject, strength: Float64) -> None:
    """Add a projection with a strength and a hardening, shape (2,), to a frame, in place."""
    canonical_from_frame = np.linalg.inv(projected.frame_from_canonical_px(camera))
    _add_projection(
        frame, projected.lines, canonical_from_frame, float(strength[0]), float(strength[1]), *projected.window(camera)
    )


def add_projection_twin(frame: Float32, camera: Camera, projected: ProjectedObject, strength: Float64) -> Float32:
    """Return a frame with a projection added: the specification of `add_projection`."""
    v, u = np.mgrid[0 : camera.rows, 0 : camera.columns]
    pixels = np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    x, y, w = np.linalg.inv(projected.frame_from_canonical_px(camera)) @ pixels
    x, y, last = x / w, y / w, projected.lines.shape[0] - 1
    inside = (x >= 0) & (x <= last) & (y >= 0) & (y <= last)
    seen = np.where(inside, sample_bilinear_twin(projected.lines, x, y), 0.0).reshape(frame.shape)
    return np.asarray(frame + strength[0] * seen + strength[1] * seen * seen, np.float32)


@njit(cache=True, nogil=True)
def _blend_views(lines: Float32, first: Float32, second: Float32, one: float, two: float) -> Float32:
    """Return a view on its way to two others, by these shares, at least 0."""
    shares, out = (np.float32(one), np.float32(two)), np.empty_like(lines)
    for v in range(lines.shape[0]):
        for u in range(lines.shape[1]):
            here = lines[v, u]
            along = here + shares[0] * (first[v, u] - here) + shares[1] * (second[v, u] - here)
            out[v, u] = max(along, np.float32(0.0))
    return out


@njit(cache=True, nogil=True)
def _bounding_pixels(to: Mat33, top: float, end: float, left: float, stop: float, rows: int, columns: int) -> Box:
    """Return the pixels of a frame (rows, columns) about a rectangle that a homography takes there."""
    least_v, most_v, least_u, most_u = np.inf, -np.inf, np.inf, -np.inf
    for y in (top, end):
        for x in (left, stop):
            w = to[2, 0] * x + to[2, 1] * y + to[2, 2]
            u, v = (to[0, 0] * x + to[0, 1] * y + to[0, 2]) / w, (to[1, 0] * x + to[1, 1] * y + to[1, 2]) / w
            least_v, most_v, least_u, most_u = min(least_v, v), max(most_v, v), min(least_u, u), max(most_u, u)
    first_v, first_u = max(int(np.floor(least_v)), 0), max(int(np.floor(least_u)), 0)
    return first_v, min(int(most_v) + 2, rows), first_u, min(int(most_u) + 2, columns)


@njit(cache=True, fastmath=True, nogil=True)
def _add_projection(
    frame: Float32, lines: Float32, to: Mat33, first: float, second: float, top: int, end: int, left: int, stop: int
) -> None:
    one, two = np.float32(first), np.float32(second)
    for v in range(top, end):
        x0, y0, w0 = to[0, 1] * v + to[0, 2], to[1, 1] * v + to[1, 2], to[2, 1] * v + to[2, 2]
        for u in range(left, stop):
            per = 1.0 / (to[2, 0] * u + w0)
            seen = sample_or_zero(lines, (to[0, 0] * u + x0) * per, (to[1, 0] * u + y0) * per)
            frame[v, u] += seen * (one + two * seen)
