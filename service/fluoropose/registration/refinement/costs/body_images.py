"""What a body is expected to show in a canonical view: rendered at its pose, cached, or moved from an earlier picture.

A rest of a CT takes milliseconds to render, its cached view is up to a degree off, a pixel or two at its far ends.
A picture that was rendered less than a degree away is moved there instead: in the plane and in depth exactly, out of
the plane to first order, by how the cached views change. Lengths in mm, angles in rad.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Mat33, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.imaging.sampling import warp_stack
from fluoropose.registration.regression.residual import ViewAlignment

__all__ = ["BodyImage", "BodyPicture", "BodyRenderers", "cached_rest", "move_rest", "object_image", "render_body"]


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
    """What a body shows in a canonical view (size, size), its change with alpha and beta per rad (2, size, size)."""

    image: Float32
    turns: Float32


def render_body(renderer: AbstractRenderer, pose: Mat44, now: ViewAlignment, atlas: Atlas) -> BodyPicture:
    """Return a body's picture at a pose (camera_from_volume) whose look is `now`."""
    return BodyPicture(_render(renderer, pose, now, atlas), now.pose.alpha_rad, now.pose.beta_rad)


def cached_rest(now: ViewAlignment, atlas: Atlas) -> BodyPicture:
    """Return the cached picture of the rest of a CT nearest to a look."""
    return BodyPicture(
        atlas.line_integrals(atlas.grid.count + now.view_index)[0], *atlas.grid.angles_of(now.view_index)
    )


def object_image(renderer: AbstractRenderer, pose: Mat44, current: ViewAlignment, atlas: Atlas) -> BodyImage:
    """Return what an object shows in its own look, rendered at its pose (camera_from_volume)."""
    return BodyImage(_render(renderer, pose, current, atlas), _turns(atlas, current, 0))


def move_rest(picture: BodyPicture, now: ViewAlignment, current: ViewAlignment, atlas: Atlas) -> BodyImage:
    """Return what the rest of a CT shows in the canonical view of the look `current` when its own look is `now`."""
    here = np.linalg.inv(now.frame_from_canonical_px) @ current.frame_from_canonical_px
    size_px = atlas.view.size_px
    turns = warp_stack(_turns(atlas, now, atlas.grid.count), here, size_px, size_px)
    alpha, beta = now.pose.alpha_rad - picture.alpha_rad, now.pose.beta_rad - picture.beta_rad
    image = warp_stack(picture.image[None], here, size_px, size_px)[0]
    return BodyImage(image + np.float32(alpha) * turns[0] + np.float32(beta) * turns[1], turns)


def _render(renderer: AbstractRenderer, pose: Mat44, now: ViewAlignment, atlas: Atlas) -> Float32:
    """Render what the canonical camera of a look sees, so that the warped frame lies over it."""
    view, range_mm = atlas.view, now.pose.range_mm
    matrix: Mat33 = view.camera.intrinsic_matrix @ np.diag([range_mm, range_mm, view.range_mm]) / view.range_mm
    canonical_from_camera = rigid(now.pose.camera_from_canonical.T, np.zeros(3))
    return renderer.render(Camera(view.size_px, view.size_px, matrix), canonical_from_camera @ pose)


def _turns(atlas: Atlas, now: ViewAlignment, first: int) -> Float32:
    """Return how the cached pictures from `first` on change with alpha and beta about a look's view, per rad."""
    up, down, right, left = atlas.line_integrals(
        *(first + index for index in atlas.grid.neighbours(now.view_index)[1:])
    )
    per_rad = np.float32(0.5 / np.deg2rad(atlas.grid.step_deg))
    return np.stack([(up - down) * per_rad, (right - left) * per_rad])
