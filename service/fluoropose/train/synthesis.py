"""Training samples: true pictures at random poses, seen by wrong poses, with the residual as the answer.

A bank of exact DRRs at random out-of-plane angles and ranges is rendered once; offsets in the plane, the in-plane
turn and the wrong depth are exact warps of it (`geometry.canonical`), so a sample costs no rendering.
Lengths in mm, angles in rad unless named otherwise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import Atlas, Progress, no_progress
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import pose_from_canonical, view_rotation
from fluoropose.geometry.rigid import inverse, rigid
from fluoropose.geometry.rotation import about_z, from_rotation_vector, smallest_rotation, to_zxy
from fluoropose.train.appearance import draw_appearance, dress, warp_images

__all__ = ["Batch", "OffsetRanges", "TruthBank", "build_bank", "sample_batch"]

_MOST_ABSORBED = np.float32(1.0 - 1e-6)

BANK_SIZE_PX = 160
"""Finer than the canonical view so that warping the bank does not blur it."""


_AROUND_PX = BANK_SIZE_PX * 9 // 8
_AROUND_FROM_BANK_PX = np.array(
    [[0.75, 0.0, 0.1875 * BANK_SIZE_PX - 0.125], [0.0, 0.75, 0.1875 * BANK_SIZE_PX - 0.125], [0.0, 0.0, 1.0]]
)
"""Surroundings are drawn as fine as the canonical view and half as wide again, so that no wrong pose sees their end."""

_SURROUNDED = 0.9
"""Share of the samples that show the surroundings, where they are known; the others show made-up ones."""

_CONTRASTS = (0.7, 1.4)
"""Their contrast over the object's, log-uniform: beams harden, and HU stand for one energy."""

_LOOSE_MM, _LOOSE_RAD = 3.0, 0.05
"""Standard deviations of how far the surroundings lie from where the CT has them, in a body at its loosest."""

_TIGHTEST = 0.15
"""A picture's surroundings are between so much as loose and as loose as that, log-uniform."""


@dataclass(frozen=True, slots=True)
class OffsetRanges:
    """Half-ranges of how wrong the current pose is.

    Each sample shrinks them by log-uniform factors >= `smallest`, one for the in-plane and depth group and one for
    the out-of-plane group.

    `in_plane` in shares of the field, `depth` in shares of the range, angles in degrees.
    """

    in_plane: float
    depth: float
    theta_deg: float
    out_of_plane_deg: float
    smallest: float = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class TruthBank:
    """The absorbed shares 1 - exp(-line integral) (n, size, size) of the object on the axis.

    They are at `angles_rad` (n, 2) and `ranges_mm` (n,). Shares, for what a pixel takes the mean of is light: between a
    pixel beside thick metal and one behind it lies half of the light, not half of the line integral.

    `surroundings` (n, 180, 180) are those of the rest of its CT over one and a half fields, near each picture's pose.
    """

    images: Float32
    camera: Camera
    angles_rad: Float64
    ranges_mm: Float64
    surroundings: Float32 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Frames (batch, size, size), cached views and their neighbours as at 2 degrees (batch, 5, size, size).

    A sixth picture of each is the surroundings in the cached view, where the atlas has them.

    Residuals (batch, 6) in mm and rad, presence (batch,), and the cached view's index (batch,).
    """

    frames: Float32
    views: Float32
    residuals: Float64
    present: Float32
    view_index: NDArray[np.int64]


def build_bank(
    renderer: AbstractRenderer,
    atlas: Atlas,
    count: int,
    rng: np.random.Generator,
    *,
    depth_share: float = 0.12,
    rest: AbstractRenderer | None = None,
    progress: Progress = no_progress,
) -> TruthBank:
    """Render `count` true pictures inside the atlas's angles, ranges within +-`depth_share` of nominal.

    `rest` renders what surrounds the object, near its pose but not at it, as parts of a body move against each other.
    """
    view = atlas.view
    focal_px = view.range_mm * BANK_SIZE_PX / view.field_mm
    middle = (BANK_SIZE_PX - 1) / 2
    camera = Camera(BANK_SIZE_PX, BANK_SIZE_PX, np.array([[focal_px, 0, middle], [0, focal_px, middle], [0, 0, 1.0]]))
    half_rad = np.deg2rad(atlas.grid.reach_deg)
    angles = rng.uniform(-half_rad, half_rad, (count, 2))
    ranges = view.range_mm * rng.uniform(1 - depth_share, 1 + depth_share, count)
    images = np.empty((count, BANK_SIZE_PX, BANK_SIZE_PX), np.float32)
    around = np.empty((count if rest is not None else 0, _AROUND_PX, _AROUND_PX), np.float32)
    wide = Camera(_AROUND_PX, _AROUND_PX, _AROUND_FROM_BANK_PX @ camera.intrinsic_matrix)
    for n in range(count):
        rotation = view_rotation(angles[n, 0], angles[n, 1], view)
        pose = pose_from_canonical(np.eye(3), rotation, np.array([0.0, 0.0, ranges[n]]), view)
        images[n] = -np.expm1(-renderer.render(camera, pose))
        if rest is not None:
            about = rigid(np.eye(3), pose[:3, :3] @ view.centre_mm + pose[:3, 3])
            around[n] = rest.render(wide, about @ _nudge(rng) @ inverse(about) @ pose)
        progress(n + 1, count)
    return TruthBank(images, camera, angles, ranges, around if rest is not None else None)


def _nudge(rng: np.random.Generator) -> Mat44:
    """Return how a body's parts moved against each other."""
    loose = np.exp(rng.uniform(np.log(_TIGHTEST), 0.0))
    turn = from_rotation_vector(rng.normal(size=3) * _LOOSE_RAD * loose)
    return rigid(turn, rng.normal(size=3) * _LOOSE_MM * loose)


def sample_batch(
    bank: TruthBank, atlas: Atlas, ranges: OffsetRanges, batch: int, rng: np.random.Generator, absent: float = 0.0
) -> Batch:
    """Return a batch of dressed frames; a share `absent` of them does not hold the object at all."""
    view, size = atlas.view, atlas.view.size_px
    choice = rng.integers(len(bank.images), size=batch)
    shrink = np.exp(rng.uniform(np.log(ranges.smallest), 0.0, (batch, 2)))
    unit = rng.uniform(-1.0, 1.0, (batch, 6)) * shrink[:, [0, 0, 0, 0, 1, 1]]
    homographies = np.empty((batch, 3, 3))
    residuals = np.empty((batch, 6))
    views = np.empty(batch, np.int64)
    canonical_px_inverse = np.linalg.inv(view.camera.intrinsic_matrix)
    for n in range(batch):
        true_range = bank.ranges_mm[choice[n]]
        alpha, beta = bank.angles_rad[choice[n]]
        turn_off = np.deg2rad(ranges.out_of_plane_deg) * unit[n, 4:]
        views[n] = atlas.grid.nearest_view(alpha - turn_off[0], beta - turn_off[1])
        aside = unit[n, :2] * ranges.in_plane * view.field_mm
        aim = smallest_rotation(np.array([aside[0], aside[1], true_range])) @ about_z(
            np.deg2rad(ranges.theta_deg) * unit[n, 3]
        )
        scale = view.range_mm / true_range * (1.0 + unit[n, 2] * ranges.depth)
        homographies[n] = bank.camera.intrinsic_matrix @ aim.T @ np.diag([scale, scale, 1.0]) @ canonical_px_inverse
        centre = aim @ np.array([0.0, 0.0, true_range])
        turn = aim @ view_rotation(alpha, beta, view) @ atlas.rotation(int(views[n])).T
        residuals[n] = [centre[0], centre[1], centre[2] * scale - view.range_mm, *to_zxy(turn)]
    objects = -np.log1p(-np.minimum(warp_images(bank.images, choice, homographies, size), _MOST_ABSORBED))
    present = (rng.random(batch) >= absent).astype(np.float32)
    objects[present == 0] = 0.0
    draws, around = draw_appearance(rng, batch, size), None
    if bank.surroundings is not None:
        shown = rng.random(batch) < _SURROUNDED
        low, high = np.log(_CONTRASTS)
        strengths = shown * draws.contrasts * np.exp(rng.uniform(low, high, batch))
        around = _around(bank.surroundings, choice, homographies, size) * strengths.astype(np.float32)[:, None, None]
        draws = draws.in_body(shown, rng)
    return Batch(dress(objects, draws, around), _neighbours(atlas, views), residuals, present, views)


def _neighbours(atlas: Atlas, views: NDArray[np.int64]) -> Float32:
    """Return what a look at each view needs, its neighbours as if the grid's step were the reference's."""
    found = np.asarray(atlas.pictures[np.array([atlas.picture_indices(int(index)) for index in views])], np.float32)
    found[:, 1:5] = found[:, :1] + atlas.grid.per_step * (found[:, 1:5] - found[:, :1])
    return found


def _around(surroundings: Float32, choice: NDArray[np.int64], homographies: Float64, size_px: int) -> Float32:
    """Return surroundings as the frames see them, brought to the darkness that automatic exposure brings frames to."""
    images = warp_images(surroundings, choice, _AROUND_FROM_BANK_PX @ homographies, size_px)
    images -= np.median(surroundings[choice, ::4, ::4], axis=(1, 2))[:, None, None]
    return images
