"""The last stage for an object in a body: object and body are told apart, each with a pose of its own.

What surrounds a bone moves nearly as it does, and shows more: networks that see both follow the body more than the bone
(docs/decisions/object-and-body.md). So from where they end, the frame is fitted by what object and rest of the CT show
where they are believed to be (`costs.body_images`) and by how each changes with its six parameters (Gauss-Newton).
Nothing in it is learnt.

Everything is compared by its detail, whose contrast is the best one in the neighbourhood of each pixel, for scatter,
hardening and noise differ from place to place; a pixel counts by how well its neighbourhood fits, and less where the
frame shows something else (Cauchy's weights). Lengths in mm, angles in rad.
"""

from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.camera import Camera
from fluoropose.registration.edge_similarity import body_edge_similarity, edge_similarity
from fluoropose.registration.refinement.costs.body_images import (
    Bodies,
    BodyImage,
    Picture,
    cached,
    inside_at,
    moved_to,
    rendered,
)
from fluoropose.registration.refinement.costs.two_body_kernels import (
    changes,
    details,
    local_contrast,
    normal_equations,
    remainder,
    seen_finer,
)
from fluoropose.registration.refinement.edge_alignment import PRESENT
from fluoropose.registration.regression.residual import (
    Group,
    ViewAlignment,
    align_view,
    apply_residual,
    residual_from_grid,
    residual_to_pose,
    residual_units,
)
from fluoropose.registration.regression.schedule import PoseEstimate, motion_between
from fluoropose.registration.regression.step import Regression, solved

__all__ = ["separate_bodies"]

_STEPS = 3
_SETTLED = 1.0
"""Most steps; after one shorter than so many expected errors the next would change nothing."""

_RENDERED_STEP = 1
"""Before this step the rest of the CT is as cached; in it, near enough by then, it is rendered; later that is moved."""

_DETAIL_MM = 6.5
_DETAIL_PX = (2, 6)
"""A detail is what differs from its surroundings this far around, twice, within bounds: scatter makes what varies more
slowly."""

_SHARE = 0.15
"""Information of the pixels over that of independent ones: neighbours err together."""

_BELIEF = 0.1
"""How much the networks' information counts beside that of the pixels."""

_LOOSE: Float64 = np.array([10.0, 10.0, 30.0, 0.15, 0.15, 0.15])
"""Standard deviations of where the body lies from where the CT has it: they only hold what no pixel shows."""

_LONGEST = 0.5
"""A step changes no parameter by more than so many units of `residual_units`."""

_SMALLEST_SPREAD = 0.01
"""Deviations of error, over those of their neighbourhoods, that a frame with no noise at all is taken to have."""

_CONTRAST_OFF, _CONTRAST_SIGMA = 0.2, 0.1
"""How far the object's contrast may be from the expected one, and how uncertain: at twice that it is not there. On
simulated frames of hip and vertebra right poses had 0.99 to 1.12 and less than 0.09, frames without the object at most
0.65, and wrong poses a deviation of 0.45 at the median."""

_OUTLIER = 2.5
_RIDGE = 1e-6
_OBJECT, _REST, _MOTIONS = slice(0, 6), slice(6, 12), 12


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """One step's equations (16, 16), (16,), and how well it fits before it.

    The unknowns are the changes of both bodies' residuals, in mm and rad, then those of their contrasts and blurs.
    `weights` are those that what is left gives the pixels, (size, size).
    """

    information: Float64
    vector: Float64
    agreement: float
    weights: Float32


def separate_bodies(
    frame: Float32, camera: Camera, finding: PoseEstimate, atlas: Atlas, bodies: Bodies
) -> tuple[PoseEstimate, float]:
    """Return a finding whose pose fits the frame (rows, columns) of line integrals with the body at a pose of its own.

    Beside it the likeness of edges (`registration.edge_similarity`), with object and body where they were found. The regression is
    that of pixels and networks together; its presence is the networks', less where the object has not the contrast
    expected of it beside the body. Where the two pictures fit the frame less well than they did before, the pose stays
    as it is; where the object is not seen, all does.
    """
    if finding.regression.presence[0] < PRESENT:
        return finding, edge_similarity(frame, align_view(finding.camera_from_volume, camera, atlas), atlas)
    pose = around = before = finding.camera_from_volume
    picture: Picture | None = None
    weights = np.ones((atlas.view.size_px, atlas.view.size_px), np.float32)
    steps: list[tuple[_Fit, Regression, tuple[Float32, Float32, Float32]]] = []
    for step in range(_STEPS):
        current, rest = align_view(pose, camera, atlas), align_view(around, camera, atlas)
        if step == _RENDERED_STEP:
            picture = rendered(bodies.rest, around, rest, atlas)
        sights = (
            inside_at(bodies.inside, pose, current, atlas),
            moved_to(picture or cached(rest, atlas), rest, current, atlas),
        )
        warped = seen_finer(frame, current.frame_from_canonical_px, atlas.view.size_px)
        fit = _from_grids(_fitted(warped, sights, weights, atlas), current, rest)
        weights = fit.weights
        seen, follows = _solved(fit, current, around, finding, atlas)
        steps.append((fit, seen, (warped, sights[0].image, sights[1].image)))
        change = seen.residuals[0] - current.view_residual
        before, pose = pose, apply_residual(current, seen.residuals[0], Group.ALL, atlas)
        around = apply_residual(rest, rest.view_residual + follows, Group.ALL, atlas)
        if change @ seen.information[0] @ change < _SETTLED**2:
            break
    (first, at_first, shown_first), (last, _, shown_last) = steps[0], steps[-1]
    if last.agreement < first.agreement:
        kept = replace(finding, regression=replace(finding.regression, presence=at_first.presence))
        return kept, body_edge_similarity(*shown_first)
    moved = motion_between(before, pose, atlas.view.centre_mm)
    return replace(finding, camera_from_volume=pose, regression=seen, moved=moved), body_edge_similarity(*shown_last)


def _fitted(frame: Float32, sights: tuple[BodyImage, BodyImage], weights: Float32, atlas: Atlas) -> _Fit:
    """Return the equations of one step for the frame in the canonical view, (size, size), and weighted pixels."""
    inside, rest = sights
    view, units = atlas.view, residual_units(atlas.view)
    reach = min(max(int(_DETAIL_MM * view.size_px / view.field_mm), _DETAIL_PX[0]), _DETAIL_PX[1])
    fine = details(np.stack([frame, inside.image, rest.image, *inside.turns, *rest.turns]), reach)
    columns = changes(fine[1], fine[2], fine[3:5], fine[5:7], view.field_mm / view.size_px, view.range_mm)
    columns[:_MOTIONS] *= np.tile(units, 2).astype(np.float32)[:, None, None]
    expected = fine[1] + fine[2]
    contrast, per_deviation = local_contrast(fine[0], expected, weights)
    scale, wanted = contrast * per_deviation, (fine[0] - contrast * expected) * per_deviation
    normal, right = normal_equations(columns, scale, wanted, weights)
    normal[np.diag_indices(len(normal))] += _RIDGE * np.trace(normal) + _RIDGE
    left = remainder(columns, scale, wanted, np.linalg.solve(normal, right))
    spread = max(1.4826 * float(np.median(np.abs(left[::4, ::4]))), _SMALLEST_SPREAD)
    per_unit = np.concatenate([1.0 / np.tile(units, 2), np.ones(len(normal) - _MOTIONS)])
    share = _SHARE / spread**2
    return _Fit(
        share * normal * np.outer(per_unit, per_unit),
        share * right * per_unit,
        _agreement(fine[0], contrast * expected, weights * per_deviation**2),
        1.0 / (1.0 + (left / np.float32(_OUTLIER * spread)) ** 2),
    )


def _from_grids(fit: _Fit, current: ViewAlignment, rest: ViewAlignment) -> _Fit:
    """Return a fit whose two bodies turn by the grid's angles as one by those of their residuals."""
    back = np.eye(len(fit.vector))
    back[_OBJECT, _OBJECT], back[_REST, _REST] = residual_from_grid(current), residual_from_grid(rest)
    return replace(fit, information=back @ fit.information @ back.T, vector=back @ fit.vector)


def _agreement(frame: Float32, shown: Float32, weights: Float32) -> float:
    """Return the weighted correlation of what is seen and what is expected, -1 to 1."""
    powers = float((weights * frame * frame).sum()) * float((weights * shown * shown).sum())
    return float((weights * frame * shown).sum()) / np.sqrt(powers) if powers > 0.0 else 0.0


def _solved(
    fit: _Fit, current: ViewAlignment, around: Mat44, finding: PoseEstimate, atlas: Atlas
) -> tuple[Regression, Float64]:
    """Return the object's residual with all that is known of it, and by how much the rest's residual changes."""
    information, vector = fit.information.copy(), fit.vector.copy()
    own = current.view_residual
    belief = _BELIEF * finding.regression.information[0]
    information[_OBJECT, _OBJECT] += belief
    vector[_OBJECT] += belief @ (residual_to_pose(finding.camera_from_volume, current, atlas) - own)
    tied = _LOOSE**-2.0
    information[_REST, _REST] += np.diag(tied)
    vector[_REST] += tied * (own - residual_to_pose(around, current, atlas))
    longest = _LONGEST * np.tile(residual_units(atlas.view), 2)
    covariance = np.linalg.inv(information)
    found = covariance @ vector
    step = np.clip(found[:_MOTIONS], -longest, longest)
    others = slice(_REST.start, None)
    apart = information[_OBJECT, _OBJECT] - information[_OBJECT, others] @ np.linalg.solve(
        information[others, others], information[others, _OBJECT]
    )
    asked = apart @ (own + step[_OBJECT])
    share = _seen_share(float(found[_MOTIONS]), float(np.sqrt(covariance[_MOTIONS, _MOTIONS])))
    return solved(apart[None], asked[None], share * finding.regression.presence), step[_REST]


def _seen_share(off: float, sigma: float) -> float:
    """Return 1 where an object has the contrast that is expected of it, but for `off`, and 0 where it is not seen."""
    return float(np.clip(2.0 - abs(off) / _CONTRAST_OFF, 0.0, 1.0) * np.clip(2.0 - sigma / _CONTRAST_SIGMA, 0.0, 1.0))
