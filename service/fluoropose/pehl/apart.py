"""The last stage for an object in a body: object and body are told apart, each with a pose of its own.

What surrounds a bone moves nearly as it does, and shows more: networks that see both follow the body more than the bone
(docs/real-frames.md). So from where they end, object and rest of the CT are rendered where they are believed to be, and
the frame is fitted by the two pictures and by how each changes with its six parameters (Gauss-Newton). Nothing in it is
learnt. It renders two pictures a step, which nothing else does for a frame: a body reaches far from the object's
centre, and a nearest view, a degree off, is a pixel or two off there, more than what tells the two apart.

Everything is compared by its detail over the local deviation of both pictures together, blind to gain and shading, with
less weight where the frame shows something else (Cauchy's weights). Lengths in mm, angles in rad.
"""

from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.pehl.align import PRESENT
from fluoropose.pehl.apart_kernels import details, local_mean, seen_through
from fluoropose.pehl.hierarchy import Finding, moved_between
from fluoropose.pehl.residual import Group, Look, apply_residual, look, residual_of, residual_units
from fluoropose.pehl.step import Regression, solved

__all__ = ["Bodies", "told_apart"]

_STEPS = 4
_SETTLED = 0.3
"""Most steps; after one shorter than so many expected errors the next would change nothing."""

_SHARE = 0.15
"""Information of the pixels over that of independent ones: neighbours err together."""

_BELIEF = 0.1
"""How much the networks' information counts beside that of the pixels."""

_LOOSE: Float64 = np.array([10.0, 10.0, 30.0, 0.15, 0.15, 0.15])
"""Standard deviations of where the body lies from where the CT has it: they only hold what no pixel shows."""

_FAINT = 0.3
"""Either picture shows in the frame with at least this share of its contrast, or steps are shortened as if it did."""

_LONGEST = 0.5
"""A step changes no parameter by more than so many units of `residual_units`."""

_SMALLEST_SPREAD = 0.01
"""Local deviations of error that a frame with no noise at all is taken to have."""

_FLOOR_SHARE = 0.1
_OUTLIER = 2.5
_ROUNDS = 3
_OBJECT, _REST, _GAINS = slice(0, 6), slice(6, 12), slice(12, 14)


@dataclass(frozen=True, slots=True, eq=False)
class Bodies:
    """What renders an object and the rest of its CT, in the same volume frame."""

    inside: AbstractRenderer
    rest: AbstractRenderer


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """One step's equations for both bodies' residuals and gains (14, 14), (14,), and how well it fits before it."""

    information: Float64
    vector: Float64
    gains: Float64
    agreement: float


def told_apart(frame: Float32, camera: Camera, finding: Finding, atlas: Atlas, bodies: Bodies) -> Finding:
    """Return a finding whose pose fits the frame (rows, columns) of line integrals with the body at a pose of its own.

    Its regression is that of pixels and networks together, with the networks' presence. Where the two pictures fit the
    frame less well than they did before, or the object is not seen, the finding is returned as it is.
    """
    if finding.regression.presence[0] < PRESENT:
        return finding
    pose = around = before = finding.camera_from_volume
    agreements = []
    for _ in range(_STEPS):
        current, rest = look(pose, camera, atlas), look(around, camera, atlas)
        fit = _fitted(frame, current, rest, (pose, around), atlas, bodies)
        agreements.append(fit.agreement)
        seen, follows = _solved(fit, current, around, finding, atlas)
        change = seen.residuals[0] - current.own_residual
        before, pose = pose, apply_residual(current, seen.residuals[0], Group.ALL, atlas)
        around = apply_residual(rest, rest.own_residual + follows, Group.ALL, atlas)
        if change @ seen.information[0] @ change < _SETTLED**2:
            break
    if agreements[-1] < agreements[0]:
        return finding
    moved = moved_between(before, pose, atlas.view.centre_mm)
    return replace(finding, camera_from_volume=pose, regression=seen, moved=moved)


def _fitted(
    frame: Float32, current: Look, rest: Look, poses: tuple[Mat44, Mat44], atlas: Atlas, bodies: Bodies
) -> _Fit:
    """Return the equations of one step from both bodies' poses, in mm and rad."""
    size_px = atlas.view.size_px
    shown = seen_through(frame[None], current.frame_from_canonical_px, size_px)
    camera, canonical_from_camera = _canonical_camera(current, atlas)
    pictures = [
        renderer.render(camera, canonical_from_camera @ pose)
        for renderer, pose in zip((bodies.inside, bodies.rest), poses, strict=True)
    ]
    here = np.linalg.inv(rest.frame_from_canonical_px) @ current.frame_from_canonical_px
    turns = _turns(atlas, current, 0)
    rest_turns = seen_through(_turns(atlas, rest, atlas.grid.count), here, size_px)
    units = residual_units(atlas.view)
    columns = np.concatenate(
        [_changes(pictures[0], turns, atlas), _changes(pictures[1], rest_turns, atlas), np.stack(pictures)]
    )
    columns[:12] *= np.tile(units, 2)[:, None, None]
    fine = details(np.concatenate([columns, shown]).astype(np.float32))
    design = fine[:14] / _deviation(fine[12] + fine[13])
    wanted = fine[14] / _deviation(fine[14])
    return _equations(design.reshape(14, -1).astype(np.float64), wanted.ravel().astype(np.float64), units)


def _equations(design: Float64, wanted: Float64, units: Float64) -> _Fit:
    """Return robust normal equations for columns (14, n) in units; the gains' part is about none."""
    weights = np.ones_like(wanted)
    for _ in range(_ROUNDS):
        weighted = design * weights
        normal, right = weighted @ design.T, weighted @ wanted
        normal[np.diag_indices(14)] += 1e-3
        left = wanted - np.linalg.solve(normal, right) @ design
        spread = max(1.4826 * float(np.median(np.abs(left))), _SMALLEST_SPREAD)
        weights = 1.0 / (1.0 + (left / (_OUTLIER * spread)) ** 2)
    gains = np.linalg.solve(normal[_GAINS, _GAINS], right[_GAINS])
    shown = gains @ design[_GAINS]
    power = float(((weights * shown) @ shown) * ((weights * wanted) @ wanted))
    agreement = float((weights * shown) @ wanted) / np.sqrt(power) if power > 0 else 0.0
    per_unit = np.concatenate([np.repeat(np.maximum(gains, _FAINT), 6) / np.tile(units, 2), np.ones(2)])
    scale = _SHARE / spread**2
    return _Fit(scale * normal * np.outer(per_unit, per_unit), scale * right * per_unit, gains, agreement)


def _solved(fit: _Fit, current: Look, around: Mat44, finding: Finding, atlas: Atlas) -> tuple[Regression, Float64]:
    """Return the object's residual with all that is known of it, and by how much the rest's residual changes."""
    information, vector = fit.information.copy(), fit.vector.copy()
    own = current.own_residual
    belief = _BELIEF * finding.regression.information[0]
    information[_OBJECT, _OBJECT] += belief
    vector[_OBJECT] += belief @ (residual_of(finding.camera_from_volume, current, atlas) - own)
    tied = _LOOSE**-2.0
    information[_REST, _REST] += np.diag(tied)
    vector[_REST] += tied * (own - residual_of(around, current, atlas))
    longest = _LONGEST * np.tile(residual_units(atlas.view), 2)
    step = np.clip(np.linalg.solve(information, vector)[:12], -longest, longest)
    others = slice(6, 14)
    apart = information[_OBJECT, _OBJECT] - information[_OBJECT, others] @ np.linalg.solve(
        information[others, others], information[others, _OBJECT]
    )
    asked = apart @ (own + step[_OBJECT])
    return solved(apart[None], asked[None], finding.regression.presence), step[_REST]


def _canonical_camera(current: Look, atlas: Atlas) -> tuple[Camera, Mat44]:
    """Return the camera that sees exactly what the warped frame shows, and its place: canonical_from_camera."""
    view, pose = atlas.view, current.pose
    matrix: Mat33 = (
        view.camera.intrinsic_matrix @ np.diag([pose.range_mm, pose.range_mm, view.range_mm]) / view.range_mm
    )
    return Camera(view.size_px, view.size_px, matrix), rigid(pose.camera_from_canonical.T, np.zeros(3))


def _turns(atlas: Atlas, current: Look, first: int) -> Float32:
    """Return how the cached pictures from `first` on change with alpha and beta about a look's view, per rad."""
    up, down, right, left = (
        np.asarray(atlas.pictures[first + index], np.float32) for index in atlas.grid.neighbours(current.view_index)[1:]
    )
    per_rad = np.float32(0.5 / np.deg2rad(atlas.grid.step_deg))
    return np.stack([(up - down) * per_rad, (right - left) * per_rad])


def _changes(picture: Float32, turns: Float32, atlas: Atlas) -> Float64:
    """Return how a picture changes with its body's residual, per mm and rad, shape (6, size, size)."""
    view = atlas.view
    px_mm = view.field_mm / view.size_px
    down, along = np.gradient(picture.astype(np.float64))
    rows, columns = np.mgrid[: view.size_px, : view.size_px] - (view.size_px - 1) / 2
    inwards = (along * columns + down * rows) / view.range_mm
    around = along * rows - down * columns
    return np.concatenate([np.stack([-along / px_mm, -down / px_mm, inwards, around]), turns])


def _deviation(detail: Float32) -> Float32:
    """Return the local deviation of a detail, with a floor that keeps noise in flat parts from counting."""
    power = local_mean(detail * detail)
    return np.sqrt(power + _FLOOR_SHARE * power.mean() + np.float32(1e-12))
