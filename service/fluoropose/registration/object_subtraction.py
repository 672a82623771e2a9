"""Object subtraction: a frame without the projections of its other known objects. Line integrals, dimensionless.

Line integrals of objects that overlap add up, so a known object can be subtracted from another's picture. How strong
its projection is there (the beam's energies, scatter) is fitted: a strength a and a hardening b,

    frame = background + sum over objects of a s + b s^2,      s the object's picture (`registration.projected_object`)

by least squares of the derivatives, which a slow background hardly has. An object that is not where it is believed to
be correlates with little in the frame, so that its strength is small and little is subtracted. `fit_strengths` is
compiled; `fit_strengths_twin` is its slow, clear twin.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64
from fluoropose.geometry.camera import Camera
from fluoropose.registration.projected_object import ProjectedObject, add_projection, overlaps

__all__ = [
    "ObjectProjection",
    "Overlap",
    "SubtractionFrame",
    "disturbance",
    "fit_overlap",
    "fit_strengths",
    "fit_strengths_twin",
    "power",
    "power_twin",
    "subtraction_frame",
]

_RIDGE = 1e-3
"""A share of the squares' mean: it keeps objects that project nothing into the frame at no strength."""

_FIT_ROWS = 128
"""Strengths are fitted on a picture of about so many rows: it still holds the objects' edges, and the fit is quick."""

_ONE: Float64 = np.array([1.0, 0.0])


@dataclass(frozen=True, slots=True, eq=False)
class ObjectProjection:
    """A projected object, and its `picture` (rows, columns) at strength 1 in a frame of about `_FIT_ROWS` rows."""

    projected: ProjectedObject
    picture: Float32


@dataclass(frozen=True, slots=True, eq=False)
class SubtractionFrame:
    """What strengths are fitted on: a `frame` of line integrals, shrunk to about `_FIT_ROWS` rows, and its camera."""

    frame: Float32
    camera: Camera

    def project(self, projected: ProjectedObject) -> ObjectProjection:
        """Return the projection of an object at strength 1."""
        picture = np.zeros(self.frame.shape, np.float32)
        add_projection(picture, self.camera, projected, _ONE)
        return ObjectProjection(projected, picture)


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """The projections of a frame's objects (None for an object of unknown pose), and their strengths (n, 2)."""

    projections: tuple[ObjectProjection | None, ...]
    strengths: Float64

    def neighbours(self, own: int, camera: Camera) -> list[int]:
        """Return the objects that project into the pixels that `own` needs: all of them if its pose is not known."""
        mine = self.projections[own]
        return [
            index
            for index, other in enumerate(self.projections)
            if index != own
            and other is not None
            and (mine is None or overlaps(mine.projected, other.projected, camera))
        ]

    def subtract_others(self, frame: Float32, camera: Camera, own: int) -> Float32:
        """Return a frame without the projections of an object's neighbours; the same array where it has none."""
        neighbours = self.neighbours(own, camera)
        if not neighbours:
            return frame
        left = np.array(frame, np.float32)
        for index in neighbours:
            other = self.projections[index]
            if other is not None:
                add_projection(left, camera, other.projected, -self.strengths[index])
        return left

    def exposure(self, own: int) -> float:
        """Return the others' projections at strength 1 as a share of an object's own, over the object's own pixels.

        It is measured as `disturbance` is, but needs no fit: the fit gives little strength to an object that is not
        quite where it is believed to be.
        """
        mine = self.projections[own]
        if mine is None:
            return float(np.inf)
        others = np.zeros_like(mine.picture)
        for index, other in enumerate(self.projections):
            if index != own and other is not None:
                others += other.picture
        return _share(others, mine.picture, mine.picture)

    def projection_of(self, own: int) -> Float32 | None:
        """Return an object's fitted projection in a frame of about `_FIT_ROWS` rows; None if its pose is not known."""
        mine, (one, two) = self.projections[own], self.strengths[own].astype(np.float32)
        return None if mine is None else np.asarray(mine.picture * (one + two * mine.picture))


def subtraction_frame(frame: Float32, camera: Camera) -> SubtractionFrame:
    """Return a frame of line integrals (rows, columns), seen by `camera`, shrunk to fit strengths on."""
    factor = max(1, camera.rows // _FIT_ROWS)
    coarse = camera.scale_pixels(factor)
    small = np.empty((coarse.rows, coarse.columns), np.float32)
    _shrink(frame, factor, small)
    return SubtractionFrame(small, coarse)


def fit_overlap(frame: SubtractionFrame, projections: Sequence[ObjectProjection | None]) -> Overlap:
    """Return the projections of objects into a frame, each at the strength that fits the frame best."""
    strengths = np.zeros((len(projections), 2))
    known = [index for index, one in enumerate(projections) if one is not None]
    if known:
        strengths[known] = fit_strengths(frame.frame, np.stack([one.picture for one in projections if one is not None]))
    return Overlap(tuple(projections), strengths)


def disturbance(before: Overlap, after: Overlap, own: int) -> float:
    """Return how much the others' projections have changed, as a share of an object's own, over its own pixels.

    It is the root of the ratio of the squared derivatives. It is infinite if the object's pose is not known, or if it
    projects nothing.
    """
    mine, own_seen = after.projections[own], after.projection_of(own)
    if mine is None or own_seen is None:
        return float(np.inf)
    change = np.zeros_like(mine.picture)
    for index in range(len(after.projections)):
        now, then = after.projection_of(index), before.projection_of(index)
        if index != own and now is not None:
            change += now
        if index != own and then is not None:
            change -= then
    return _share(change, own_seen, mine.picture)


def _share(other: Float32, mine: Float32, there: Float32) -> float:
    whole = power(mine, there)
    return float(np.sqrt(power(other, there) / whole)) if whole > 0.0 else float(np.inf)


def power(image: Float32, there: Float32) -> float:
    """Return the sum of an image's squared derivatives where `there`, of the same shape, is above 0."""
    return float(_power(image, there))


def power_twin(image: Float32, there: Float32) -> float:
    """Return what `power` returns: its specification."""
    inside = np.concatenate([(there[1:-1, 1:-1] > 0).ravel()] * 2)
    return float((_derivatives(image.astype(np.float64))[inside] ** 2).sum())


def fit_strengths(frame: Float32, pictures: Float32) -> Float64:
    """Return strength and hardening of each picture (n, rows, columns) in a frame of line integrals, shape (n, 2)."""
    normal, right = np.zeros((2 * len(pictures), 2 * len(pictures))), np.zeros(2 * len(pictures))
    _normal_equations(frame, pictures, normal, right)
    return _solve(normal, right)


def fit_strengths_twin(frame: Float32, pictures: Float32) -> Float64:
    """Return what `fit_strengths` returns: its specification."""
    columns = []
    for picture in pictures.astype(np.float64):
        columns += [_derivatives(picture), _derivatives(picture * picture)]
    design, wanted = np.stack(columns, axis=1), _derivatives(frame.astype(np.float64))
    return _solve(design.T @ design, design.T @ wanted)


def _derivatives(image: Float32 | Float64) -> Float64:
    down, along = image[2:, 1:-1] - image[:-2, 1:-1], image[1:-1, 2:] - image[1:-1, :-2]
    return np.concatenate([down.ravel(), along.ravel()])


def _solve(normal: Float64, right: Float64) -> Float64:
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
def _power(image: Float32, there: Float32) -> float:
    total = 0.0
    for v in range(1, image.shape[0] - 1):
        for u in range(1, image.shape[1] - 1):
            if there[v, u] > 0.0:
                down, along = image[v + 1, u] - image[v - 1, u], image[v, u + 1] - image[v, u - 1]
                total += down * down + along * along
    return total


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
