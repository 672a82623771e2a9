"""What the other objects of a frame cast into it, and the frame without them. Line integrals, dimensionless.

Line integrals of objects that overlap add up, so a known object can be taken out of another's picture. What is known of
it is its cached view, warped into the frame as the frame is warped to the view (`geometry.canonical`). What it is worth
there (the beam's energies, scatter) is fitted: a strength and a hardening,

    frame = background + sum over objects of a s + b s^2,      s the view as a detector shows it (`saturate`)

by least squares of the derivatives, which slow background hardly has. An object that is not where it is believed to be
correlates with little and is given little: it is its own safeguard. `cast` and `fitted` are compiled; `cast_twin` and
`fitted_twin` are their slow, clear twins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64, Mat33, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import CanonicalPose, CanonicalView, canonical_pose, warp
from fluoropose.pehl.numpy_step import saturate

__all__ = ["Overlap", "Shadow", "cast", "cast_twin", "fitted", "fitted_twin", "overlap_of", "shadow_of"]

_RIDGE = 1e-3
"""Of the squares' mean: keeps objects that cast nothing into the frame at no strength."""

_WINDOW_SHARE = 1.15
"""What an object looks at beyond its canonical field, since its pose is still to move."""

_FIT_ROWS = 128
"""Strengths are fitted on a picture of about so many rows: edges of objects are in it, and it is quick."""


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """An object's picture at a pose: `lines` float32 (size, size), as a detector shows them, in its canonical view."""

    lines: Float32
    pose: CanonicalPose
    view: CanonicalView

    def frame_from_canonical_px(self, camera: Camera) -> Mat33:
        """Return the homography that takes the picture's pixels to a camera's."""
        return warp(camera, self.pose, self.view)

    def window(self, camera: Camera, share: float = 1.0) -> tuple[int, int, int, int]:
        """Return first and last + 1 row and column of the picture's box in the frame, grown by `share`."""
        middle, half = (self.view.size_px - 1) / 2, share * self.view.size_px / 2
        sides = middle + half * np.array([[-1, -1, 1, 1], [-1, 1, -1, 1]])
        corners = self.frame_from_canonical_px(camera) @ np.vstack([sides, np.ones(4)])
        u, v = corners[:2] / corners[2]
        top, left = max(int(np.floor(v.min())), 0), max(int(np.floor(u.min())), 0)
        return top, min(int(v.max()) + 2, camera.rows), left, min(int(u.max()) + 2, camera.columns)


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """What the objects of a frame cast into it: a shadow each (None if nothing is known of one), strengths (n, 2)."""

    shadows: tuple[Shadow | None, ...]
    strengths: Float64

    def neighbours(self, own: int, camera: Camera) -> list[int]:
        """Return the objects that cast something where one looks; where it looks is everywhere if it is not known."""
        mine = self.shadows[own]
        return [
            index
            for index, shadow in enumerate(self.shadows)
            if index != own and shadow is not None and (mine is None or _touches(mine, shadow, camera))
        ]

    def without_others(self, frame: Float32, camera: Camera, own: int) -> Float32:
        """Return a frame without what an object's neighbours cast into it; the same array where there is none."""
        neighbours = self.neighbours(own, camera)
        if not neighbours:
            return frame
        left = np.array(frame, np.float32)
        for index in neighbours:
            shadow = self.shadows[index]
            if shadow is not None:
                cast(left, camera, shadow, -self.strengths[index])
        return left


def shadow_of(camera_from_volume: Mat44, atlas: Atlas) -> Shadow:
    """Return the picture of an object at a pose: the nearest view and its neighbours, linear in the two angles.

    Raises
    ------
    GeometryError
        If the object's centre is not in front of the source.
    """
    pose = canonical_pose(camera_from_volume, atlas.view)
    nearest, up, down, right, left = atlas.grid.neighbours(atlas.grid.nearest(pose.alpha_rad, pose.beta_rad))
    alpha, beta = atlas.grid.angles_of(nearest)
    step = np.deg2rad(atlas.grid.step_deg)
    shares = np.clip([(pose.alpha_rad - alpha) / step, (pose.beta_rad - beta) / step], -1.0, 1.0)
    lines = np.asarray(atlas.views[nearest], np.float32)
    blended = lines.copy()
    for share, ahead, behind in ((shares[0], up, down), (shares[1], right, left)):
        blended += np.float32(abs(share)) * (
            np.asarray(atlas.views[ahead if share > 0 else behind], np.float32) - lines
        )
    return Shadow(saturate(np.maximum(blended, 0.0)), pose, atlas.view)


def overlap_of(frame: Float32, camera: Camera, shadows: Sequence[Shadow | None]) -> Overlap:
    """Return what shadows cast into a frame of line integrals (rows, columns); `camera` is the frame's."""
    known = [index for index, shadow in enumerate(shadows) if shadow is not None]
    strengths = np.zeros((len(shadows), 2))
    factor = max(1, camera.rows // _FIT_ROWS)
    coarse = camera.scaled(factor)
    rows, columns = coarse.rows * factor, coarse.columns * factor
    small = frame[:rows, :columns].reshape(coarse.rows, factor, coarse.columns, factor).mean(axis=(1, 3))
    if known:
        strengths[known] = fitted(small, coarse, [shadow for shadow in shadows if shadow is not None])
    return Overlap(tuple(shadows), strengths)


def fitted(frame: Float32, camera: Camera, shadows: Sequence[Shadow]) -> Float64:
    """Return strength and hardening of each shadow in a frame of line integrals, shape (n, 2)."""
    pictures = np.zeros((len(shadows), *frame.shape), np.float32)
    for picture, shadow in zip(pictures, shadows, strict=True):
        cast(picture, camera, shadow, np.array([1.0, 0.0]))
    normal, right = np.zeros((2 * len(shadows), 2 * len(shadows))), np.zeros(2 * len(shadows))
    _normal_equations(frame, pictures, normal, right)
    return _solved(normal, right)


def cast(frame: Float32, camera: Camera, shadow: Shadow, strength: Float64) -> None:
    """Add a shadow of a strength and a hardening, shape (2,), to a frame, in place."""
    canonical_from_frame = np.linalg.inv(shadow.frame_from_canonical_px(camera))
    _cast(frame, shadow.lines, canonical_from_frame, float(strength[0]), float(strength[1]), *shadow.window(camera))


def cast_twin(frame: Float32, camera: Camera, shadow: Shadow, strength: Float64) -> Float32:
    """Return a frame with a shadow added: the specification of `cast`."""
    v, u = np.mgrid[0 : camera.rows, 0 : camera.columns]
    pixels = np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    x, y, w = np.linalg.inv(shadow.frame_from_canonical_px(camera)) @ pixels
    x, y, last = x / w, y / w, shadow.lines.shape[0] - 1
    inside = (x >= 0) & (x <= last) & (y >= 0) & (y <= last)
    x, y = np.where(inside, x, 0.0), np.where(inside, y, 0.0)
    j, i = np.minimum(x.astype(int), last - 1), np.minimum(y.astype(int), last - 1)
    fx, fy, lines = x - j, y - i, shadow.lines
    top = lines[i, j] * (1 - fx) + lines[i, j + 1] * fx
    low = lines[i + 1, j] * (1 - fx) + lines[i + 1, j + 1] * fx
    seen = np.where(inside, top * (1 - fy) + low * fy, 0.0).reshape(frame.shape)
    return np.asarray(frame + strength[0] * seen + strength[1] * seen * seen, np.float32)


def fitted_twin(frame: Float32, camera: Camera, shadows: Sequence[Shadow]) -> Float64:
    """Return what `fitted` returns: its specification."""
    empty = np.zeros_like(frame)
    columns = []
    for shadow in shadows:
        picture = cast_twin(empty, camera, shadow, np.array([1.0, 0.0])).astype(np.float64)
        columns += [_slopes(picture), _slopes(picture * picture)]
    design, wanted = np.stack(columns, axis=1), _slopes(frame.astype(np.float64))
    return _solved(design.T @ design, design.T @ wanted)


def _touches(first: Shadow, second: Shadow, camera: Camera) -> bool:
    """Tell whether the first object looks at pixels that the second casts something into."""
    a, b = first.window(camera, _WINDOW_SHARE), second.window(camera)
    return max(a[0], b[0]) < min(a[1], b[1]) and max(a[2], b[2]) < min(a[3], b[3])


def _slopes(image: Float64) -> Float64:
    down, along = image[2:, 1:-1] - image[:-2, 1:-1], image[1:-1, 2:] - image[1:-1, :-2]
    return np.concatenate([down.ravel(), along.ravel()])


def _solved(normal: Float64, right: Float64) -> Float64:
    diagonal = np.diag(normal)
    ridge = _RIDGE * diagonal + 1e-9 * max(float(diagonal.max()), 1e-9)
    return np.asarray(np.linalg.solve(normal + np.diag(ridge), right).reshape(-1, 2))


@njit(cache=True, fastmath=True, nogil=True)
def _cast(
    frame: Float32, lines: Float32, to: Mat33, first: float, second: float, top: int, end: int, left: int, stop: int
) -> None:
    last = lines.shape[0] - 1
    for v in range(top, end):
        for u in range(left, stop):
            w = to[2, 0] * u + to[2, 1] * v + to[2, 2]
            x = (to[0, 0] * u + to[0, 1] * v + to[0, 2]) / w
            y = (to[1, 0] * u + to[1, 1] * v + to[1, 2]) / w
            if x < 0.0 or y < 0.0 or x > last or y > last:
                continue
            j, i = min(int(x), last - 1), min(int(y), last - 1)
            fx, fy = x - j, y - i
            above = lines[i, j] * (1.0 - fx) + lines[i, j + 1] * fx
            below = lines[i + 1, j] * (1.0 - fx) + lines[i + 1, j + 1] * fx
            seen = above * (1.0 - fy) + below * fy
            frame[v, u] += np.float32(first * seen + second * seen * seen)


@njit(cache=True, fastmath=True, nogil=True)
def _normal_equations(frame: Float32, pictures: Float32, normal: Float64, right: Float64) -> None:
    count = pictures.shape[0]
    row = np.zeros(2 * count)
    for v in range(1, frame.shape[0] - 1):
        for u in range(1, frame.shape[1] - 1):
            for direction in range(2):
                a, b = (1, 0) if direction == 0 else (0, 1)
                some = False
                for n in range(count):
                    ahead, behind = pictures[n, v + a, u + b], pictures[n, v - a, u - b]
                    row[2 * n] = ahead - behind
                    row[2 * n + 1] = ahead * ahead - behind * behind
                    some = some or ahead != behind
                if not some:
                    continue
                wanted = frame[v + a, u + b] - frame[v - a, u - b]
                for n in range(2 * count):
                    if row[n] != 0.0:
                        right[n] += row[n] * wanted
                        for m in range(2 * count):
                            normal[n, m] += row[n] * row[m]
