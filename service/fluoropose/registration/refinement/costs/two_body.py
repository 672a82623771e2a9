"""The cost of two bodies: an object in a body, each with a pose of its own, fitted together.

What surrounds a bone moves nearly as the bone does, and shows more: networks that see both follow the body more than
the bone (docs/explanation). So from where they end, the frame is fitted by what the object and the rest of the CT show
at their poses, and by how each changes with its six parameters.

Everything is compared by its detail, whose contrast is the best one in the neighbourhood of each pixel, because
scatter, hardening and noise differ from place to place. A pixel counts by how well its neighbourhood fits, and less
where the frame shows something else (Cauchy's weights).

A rest of a CT takes milliseconds to render, and its cached view is up to a degree off, a pixel or two at its far ends.
A picture that was rendered less than a degree away is moved instead: in the plane and in depth exactly, out of the
plane to first order, by how the cached views change. Lengths in mm, angles in rad.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.imaging.sampling import warp_stack, warp_supersampled
from fluoropose.registration.refinement.gauss_newton import AbstractCost, Equations, NewtonStep
from fluoropose.registration.regression.residual import (
    Group,
    ViewAlignment,
    ViewParameters,
    align_view,
    apply_residual,
    residual_from_grid,
    residual_to_pose,
    residual_units,
)
from fluoropose.similarity.detail_kernels import (
    detail_derivatives,
    details,
    local_contrast,
    normal_equations,
    subtract_fit,
)
from fluoropose.similarity.edge_similarity import edge_similarity

__all__ = [
    "BodyImage",
    "BodyPicture",
    "BodyRenderers",
    "TWO_BODIES",
    "TwoBodyCost",
    "TwoBodySettings",
    "cached_rest",
    "move_rest",
    "object_image",
    "render_body",
]

_OBJECT, _REST, _MOTIONS = slice(0, 6), slice(6, 12), 12
_CONTRAST = 12
"""The unknowns: the six of the object's residual, those of the rest's, the contrasts of both, a blur of each."""


@dataclass(frozen=True, slots=True)
class TwoBodySettings:
    """How two bodies are fitted.

    Before the step `rendered_step` the rest of the CT is as cached; in it, near enough by then, the rest is rendered;
    later that picture is moved. A detail is what differs from its surroundings `detail_mm` around, within the bounds
    `detail_px`, because scatter makes what varies more slowly. `information_share` is the information of the pixels
    over that of independent ones. `rest_sigmas` (mm, rad) are how far the body may lie from where the CT has it: they
    only hold what no pixel shows. A step changes no parameter by more than `longest_units` units of the networks.
    `least_spread` is the deviation of error, over that of its neighbourhood, that a frame with no noise is taken to
    have. A pixel whose error is `outlier` deviations counts half. `ridge` is a share of the equations' trace.

    `contrast_off` and `contrast_sigma` say how far the object's contrast may be from the expected one, and how
    uncertain: at twice that it is not there. On simulated frames of hip and vertebra right poses had contrasts of 0.99
    to 1.12 and deviations less than 0.09, frames without the object at most 0.65, and wrong poses a deviation of 0.45
    at the median.
    """

    rendered_step: int = 1
    detail_mm: float = 6.5
    detail_px: tuple[int, int] = (2, 6)
    information_share: float = 0.15
    rest_sigmas: tuple[float, ...] = (10.0, 10.0, 30.0, 0.15, 0.15, 0.15)
    longest_units: float = 0.5
    least_spread: float = 0.01
    outlier: float = 2.5
    ridge: float = 1e-6
    contrast_off: float = 0.2
    contrast_sigma: float = 0.1


TWO_BODIES = TwoBodySettings()


@dataclass(frozen=True, slots=True, eq=False)
class BodyRenderers:
    """What renders an object and the rest of its CT, in the same volume frame."""

    inside: AbstractRenderer
    rest: AbstractRenderer


@dataclass(frozen=True, slots=True, eq=False)
class BodyPicture:
    """A body alone in the middle of the canonical view, (size, size), and its two angles there, rad."""

    image: Float32
    alpha_rad: float
    beta_rad: float


@dataclass(frozen=True, slots=True, eq=False)
class BodyImage:
    """What a body shows in a canonical view (size, size), and how it changes with alpha and beta, per rad (2, ...)."""

    image: Float32
    turns: Float32


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Equations (16, 16), (16,) of one evaluation, its agreement, and the weights (size, size) for the next."""

    information: Float64
    vector: Float64
    agreement: float
    weights: Float32


class TwoBodyCost(AbstractCost):
    """One frame (rows, columns) of line integrals, fitted by an object and the rest of its CT.

    Poses are the object's. The rest's pose begins at the object's and is fitted beside it. `visible_shares` holds, for
    each evaluation, what share of the object's presence its contrast leaves: 1 where it has the contrast that is
    expected of it, 0 where the object is not seen.
    """

    def __init__(
        self,
        frame: Float32,
        camera: Camera,
        atlas: AbstractAtlas,
        renderers: BodyRenderers,
        settings: TwoBodySettings = TWO_BODIES,
    ) -> None:
        self.visible_shares: list[float] = []
        self._frame, self._camera, self._atlas = frame, camera, atlas
        self._renderers, self._settings = renderers, settings
        self._weights = np.ones((atlas.view.size_px, atlas.view.size_px), np.float32)
        self._picture: BodyPicture | None = None
        self._rest_pose: Mat44 | None = None
        self._rest_alignment: ViewAlignment | None = None
        self._shown: list[tuple[Float32, Float32, Float32]] = []

    def evaluate(self, pose: Mat44) -> Equations:
        """Return the equations about camera_from_volume of the object."""
        rest_pose = pose if self._rest_pose is None else self._rest_pose
        current = align_view(pose, self._camera, self._atlas)
        rest = align_view(rest_pose, self._camera, self._atlas)
        images = self._images(pose, current, rest_pose, rest)
        size_px = self._atlas.view.size_px
        warped = warp_supersampled(self._frame, current.frame_from_canonical_px, size_px)
        fit = _fit(warped, images, self._weights, self._atlas, self._settings)
        self._weights, self._rest_pose, self._rest_alignment = fit.weights, rest_pose, rest
        self._shown.append((warped, images[0].image, images[1].image))
        information, vector = _in_residuals(fit, current, rest)
        tied = np.array(self._settings.rest_sigmas) ** -2.0
        information[_REST, _REST] += np.diag(tied)
        vector[_REST] += tied * (current.view_residual - residual_to_pose(rest_pose, current, self._atlas))
        longest = np.full(len(vector), np.inf)
        longest[:_MOTIONS] = self._settings.longest_units * np.tile(residual_units(self._atlas.view), 2)
        return Equations(information, vector, fit.agreement, ViewParameters(current, self._atlas), longest)

    def accept(self, step: NewtonStep) -> None:
        """Move the rest, and note what the object's contrast says of its presence."""
        if self._rest_alignment is None:
            raise AssertionError("expected a step after an evaluation, got none")
        rest = self._rest_alignment
        after = rest.view_residual + step.change[_REST]
        self._rest_pose = apply_residual(rest, after, Group.ALL, self._atlas)
        sigma = float(np.sqrt(np.linalg.inv(step.all_information)[_CONTRAST, _CONTRAST]))
        self.visible_shares.append(_visible_share(float(step.change[_CONTRAST]), sigma, self._settings))

    def edge_similarity(self, evaluation: int) -> float:
        """Return the edge similarity of the frame and both bodies as one evaluation saw them, -1 to 1."""
        return edge_similarity(*self._shown[evaluation])

    def _images(
        self, pose: Mat44, current: ViewAlignment, rest_pose: Mat44, rest: ViewAlignment
    ) -> tuple[BodyImage, BodyImage]:
        """Return what object and rest show in the object's canonical view."""
        if len(self._shown) == self._settings.rendered_step:
            self._picture = render_body(self._renderers.rest, rest_pose, rest, self._atlas)
        picture = self._picture or cached_rest(rest, self._atlas)
        inside = object_image(self._renderers.inside, pose, current, self._atlas)
        return inside, move_rest(picture, rest, current, self._atlas)


def _fit(
    frame: Float32,
    images: tuple[BodyImage, BodyImage],
    weights: Float32,
    atlas: AbstractAtlas,
    settings: TwoBodySettings,
) -> _Fit:
    """Return the fit of the frame in the canonical view, (size, size), with weighted pixels.

    The equations count in the angles of the atlas's grid.
    """
    inside, rest = images
    view, units = atlas.view, residual_units(atlas.view)
    least_px, most_px = settings.detail_px
    reach = min(max(int(settings.detail_mm * view.size_px / view.field_mm), least_px), most_px)
    fine = details(np.stack([frame, inside.image, rest.image, *inside.turns, *rest.turns]), reach)
    columns = detail_derivatives(fine[1], fine[2], fine[3:5], fine[5:7], view.field_mm / view.size_px, view.range_mm)
    columns[:_MOTIONS] *= np.tile(units, 2).astype(np.float32)[:, None, None]
    expected = fine[1] + fine[2]
    contrast, per_deviation = local_contrast(fine[0], expected, weights)
    scale, wanted = contrast * per_deviation, (fine[0] - contrast * expected) * per_deviation
    normal, right = normal_equations(columns, scale, wanted, weights)
    normal[np.diag_indices(len(normal))] += settings.ridge * np.trace(normal) + settings.ridge
    left = subtract_fit(columns, scale, wanted, np.linalg.solve(normal, right))
    spread = max(1.4826 * float(np.median(np.abs(left[::4, ::4]))), settings.least_spread)
    per_unit = np.concatenate([1.0 / np.tile(units, 2), np.ones(len(normal) - _MOTIONS)])
    share = settings.information_share / spread**2
    return _Fit(
        share * normal * np.outer(per_unit, per_unit),
        share * right * per_unit,
        _weighted_correlation(fine[0], contrast * expected, weights * per_deviation**2),
        1.0 / (1.0 + (left / np.float32(settings.outlier * spread)) ** 2),
    )


def _in_residuals(fit: _Fit, current: ViewAlignment, rest: ViewAlignment) -> tuple[Float64, Float64]:
    """Return the equations of a fit with both bodies turned by the angles of their residuals, not by the grid's."""
    back = np.eye(len(fit.vector))
    back[_OBJECT, _OBJECT], back[_REST, _REST] = residual_from_grid(current), residual_from_grid(rest)
    return back @ fit.information @ back.T, back @ fit.vector


def _weighted_correlation(frame: Float32, shown: Float32, weights: Float32) -> float:
    """Return the weighted correlation of what is seen and what is expected, -1 to 1."""
    powers = float((weights * frame * frame).sum()) * float((weights * shown * shown).sum())
    return float((weights * frame * shown).sum()) / np.sqrt(powers) if powers > 0.0 else 0.0


def _visible_share(off: float, sigma: float, settings: TwoBodySettings) -> float:
    """Return 1 where an object has the contrast that is expected of it, but for `off`, and 0 where it is not seen."""
    expected = np.clip(2.0 - abs(off) / settings.contrast_off, 0.0, 1.0)
    return float(expected * np.clip(2.0 - sigma / settings.contrast_sigma, 0.0, 1.0))


def render_body(renderer: AbstractRenderer, pose: Mat44, now: ViewAlignment, atlas: AbstractAtlas) -> BodyPicture:
    """Return a body's picture at a pose (camera_from_volume) whose look is `now`."""
    return BodyPicture(_render(renderer, pose, now, atlas), now.pose.alpha_rad, now.pose.beta_rad)


def cached_rest(now: ViewAlignment, atlas: AbstractAtlas) -> BodyPicture:
    """Return the cached picture of the rest of a CT nearest to a look."""
    return BodyPicture(atlas.surroundings_in(now.view_index)[0], *atlas.angles_of(now.view_index))


def object_image(renderer: AbstractRenderer, pose: Mat44, current: ViewAlignment, atlas: AbstractAtlas) -> BodyImage:
    """Return what an object shows in its own look, rendered at its pose (camera_from_volume)."""
    return BodyImage(_render(renderer, pose, current, atlas), _turns(atlas.line_integrals, atlas, current))


def move_rest(picture: BodyPicture, now: ViewAlignment, current: ViewAlignment, atlas: AbstractAtlas) -> BodyImage:
    """Return what the rest of a CT shows in the canonical view of the look `current` when its own look is `now`."""
    here = np.linalg.inv(now.frame_from_canonical_px) @ current.frame_from_canonical_px
    size_px = atlas.view.size_px
    turns = warp_stack(_turns(atlas.surroundings_in, atlas, now), here, size_px, size_px)
    alpha, beta = now.pose.alpha_rad - picture.alpha_rad, now.pose.beta_rad - picture.beta_rad
    image = warp_stack(picture.image[None], here, size_px, size_px)[0]
    return BodyImage(image + np.float32(alpha) * turns[0] + np.float32(beta) * turns[1], turns)


def _render(renderer: AbstractRenderer, pose: Mat44, now: ViewAlignment, atlas: AbstractAtlas) -> Float32:
    """Render what the canonical camera of a look sees, so that the warped frame lies over it."""
    view, range_mm = atlas.view, now.pose.range_mm
    matrix: Mat33 = view.camera.intrinsic_matrix @ np.diag([range_mm, range_mm, view.range_mm]) / view.range_mm
    canonical_from_camera = rigid(now.pose.camera_from_canonical.T, np.zeros(3))
    return renderer.render(Camera(view.size_px, view.size_px, matrix), canonical_from_camera @ pose)


def _turns(pictures_of: Callable[..., Float32], atlas: AbstractAtlas, now: ViewAlignment) -> Float32:
    """Return how the cached pictures of a body change with alpha and beta about a look's view, per rad."""
    up, down, right, left = pictures_of(*atlas.neighbours(now.view_index)[1:])
    per_rad = np.float32(0.5 / np.deg2rad(atlas.step_deg))
    return np.stack([(up - down) * per_rad, (right - left) * per_rad])
