"""What the other objects of a frame cast into it, and the frame without them. Line integrals, dimensionless.

Line integrals of objects that overlap add up, so a known object can be taken out of another's picture. What it is worth
there (the beam's energies, scatter) is fitted: a strength and a hardening,

    frame = background + sum over objects of a s + b s^2,      s the object's picture (`pehl.shadow`)

by least squares of the derivatives, which slow background hardly has. An object that is not where it is believed to be
correlates with little and is given little: it is its own safeguard. `fitted` is compiled; `fitted_twin` is its slow,
clear twin.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64
from fluoropose.geometry.camera import Camera
from fluoropose.pehl.shadow import Shadow, cast, touches

__all__ = ["Overlap", "disturbance", "fitted", "fitted_twin", "overlap_of"]

_RIDGE = 1e-3
"""Of the squares' mean: keeps objects that cast nothing into the frame at no strength."""

_FIT_ROWS = 128
"""Strengths are fitted on a picture of about so many rows: edges of objects are in it, and it is quick."""

_ONE: Float64 = np.array([1.0, 0.0])


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """What the objects of a frame cast into it: a shadow each (None if nothing is known of one), strengths (n, 2).

    `pictures` (n, rows, columns) are the shadows at strength 1 in a frame of about `_FIT_ROWS` rows.
    """

    shadows: tuple[Shadow | None, ...]
    strengths: Float64
    pictures: Float32

    def neighbours(self, own: int, camera: Camera) -> list[int]:
        """Return the objects that cast something where one looks; where it looks is everywhere if it is not known."""
        mine = self.shadows[own]
        return [
            index
            for index, shadow in enumerate(self.shadows)
            if index != own and shadow is not None and (mine is None or touches(mine, shadow, camera))
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

    def seen_of(self, own: int) -> Float32:
        """Return what an object casts, in a frame of about `_FIT_ROWS` rows."""
        picture, (one, two) = self.pictures[own], self.strengths[own].astype(np.float32)
        return np.asarray(picture * (one + two * picture))


def overlap_of(frame: Float32, camera: Camera, shadows: Sequence[Shadow | None]) -> Overlap:
    """Return what shadows cast into a frame of line integrals (rows, columns); `camera` is the frame's."""
    factor = max(1, camera.rows // _FIT_ROWS)
    coarse = camera.scaled(factor)
    pictures = np.zeros((len(shadows), coarse.rows, coarse.columns), np.float32)
    strengths = np.zeros((len(shadows), 2))
    for picture, shadow in zip(pictures, shadows, strict=True):
        if shadow is not None:
            cast(picture, coarse, shadow, _ONE)
    known = [index for index, shadow in enumerate(shadows) if shadow is not None]
    if known:
        small = np.empty((coarse.rows, coarse.columns), np.float32)
        _shrink(frame, factor, small)
        strengths[known] = fitted(small, pictures[known])
    return Overlap(tuple(shadows), strengths, pictures)


def disturbance(before: Overlap, after: Overlap, own: int) -> float:
    """Return how much what the others cast has changed, as a share of what an object casts itself, where it does.

    The root of the ratio of the squared derivatives; infinite if nothing is known of the object or it casts nothing.
    """
    change = np.zeros(after.pictures.shape[1:], np.float32)
    for index in range(len(after.shadows)):
        if index != own:
            change += after.seen_of(index) - before.seen_of(index)
    shape = after.pictures[own]
    there = np.concatenate([(shape[1:-1, 1:-1] > 0).ravel()] * 2)
    mine = float((_slopes(after.seen_of(own))[there] ** 2).sum())
    return float(np.sqrt((_slopes(change)[there] ** 2).sum() / mine)) if mine > 0 else np.inf


def fitted(frame: Float32, pictures: Float32) -> Float64:
    """Return strength and hardening of each picture (n, rows, columns) in a frame of line integrals, shape (n, 2)."""
    normal, right = np.zeros((2 * len(pictures), 2 * len(pictures))), np.zeros(2 * len(pictures))
    _normal_equations(frame, pictures, normal, right)
    return _solved(normal, right)


def fitted_twin(frame: Float32, pictures: Float32) -> Float64:
    """Return what `fitted` returns: its specification."""
    columns = []
    for picture in pictures.astype(np.float64):
        columns += [_slopes(picture), _slopes(picture * picture)]
    design, wanted = np.stack(columns, axis=1), _slopes(frame.astype(np.float64))
    return _solved(design.T @ design, design.T @ wanted)


def _slopes(image: Float32 | Float64) -> Float64:
    down, along = image[2:, 1:-1] - image[:-2, 1:-1], image[1:-1, 2:] - image[1:-1, :-2]
    return np.concatenate([down.ravel(), along.ravel()])


def _solved(normal: Float64, right: Float64) -> Float64:
    diagonal = np.diag(normal)
    ridge = _RIDGE * diagonal + 1e-9 * max(float(diagonal.max()), 1e-9)
    return np.asarray(np.linalg.solve(normal + np.diag(ridge), right).reshape(-1, 2))


@njit(cache=True, fastmath=True, nogil=True)
def _shrink(frame: Float32, factor: int, out: Float32) -> None:
    """Write the means of blocks of factor x factor pixels."""
    share = np.float32(1.0 / (factor * factor))
    for v in range(out.shape[0]):
        for u in range(out.shape[1]):
            total = np.float32(0.0)
            for a in range(factor):
                for b in range(factor):
                    total += frame[v * factor + a, u * factor + b]
            out[v, u] = total * share


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
