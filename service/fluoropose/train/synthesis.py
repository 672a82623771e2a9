"""Training samples: frames with the object at a true pose, cached views at a wrong one, and the residual between them.

A bank of exact DRRs at random out-of-plane angles and ranges is rendered once. An offset in the plane, an in-plane turn
and a wrong depth are exact warps of its pictures (`geometry.canonical`), so a sample needs no rendering.
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
from fluoropose.train.appearance import AppearanceDraws, apply_appearance, draw_appearance, warp_images

__all__ = [
    "Batch",
    "ObjectSamples",
    "OffsetRanges",
    "SurroundingsSpread",
    "TruthBank",
    "build_bank",
    "draw_surroundings",
    "sample_batch",
    "sample_objects",
]

_MOST_ABSORBED = np.float32(1.0 - 1e-6)

BANK_SIZE_PX = 160
"""Finer than the canonical view so that warping the bank does not blur it."""


_WIDE_PX = BANK_SIZE_PX * 9 // 8
_WIDE_FROM_BANK_PX = np.array(
    [[0.75, 0.0, 0.1875 * BANK_SIZE_PX - 0.125], [0.0, 0.75, 0.1875 * BANK_SIZE_PX - 0.125], [0.0, 0.0, 1.0]]
)
"""Pictures of surroundings are as fine as the canonical view and half as wide again, so that no wrong pose sees their
edge."""


@dataclass(frozen=True, slots=True)
class SurroundingsSpread:
    """How the rest of a CT varies in training frames.

    The rest lies off its place in the CT by random amounts with standard deviations `loose_mm` and `loose_rad`, times a
    log-uniform factor between `tightest` and 1 for each picture. A `share` of the samples shows it, the others show
    synthetic anatomy. Its contrast over the object's is log-uniform between the two `contrasts`, because beams harden
    and HU hold for one energy.
    """

    loose_mm: float = 3.0
    loose_rad: float = 0.05
    tightest: float = 0.15
    share: float = 0.9
    contrasts: tuple[float, float] = (0.7, 1.4)


_DEFAULT_SPREAD = SurroundingsSpread()


@dataclass(frozen=True, slots=True)
class OffsetRanges:
    """Half-ranges of how wrong a sample's pose is.

    Each sample shrinks them by two log-uniform factors between `smallest` and 1, one for in-plane and depth and one for
    out-of-plane. `in_plane` is in shares of the field, `depth` in shares of the range, angles in degrees.
    """

    in_plane: float
    depth: float
    theta_deg: float
    out_of_plane_deg: float
    smallest: float = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class TruthBank:
    """Pictures of the object on the camera's axis, at out-of-plane `angles_rad` (n, 2) and `ranges_mm` (n,).

    `images` (n, size, size) are absorbed shares of the beam, 1 - exp(-line integral). A pixel averages light, so
    pictures of shares can be interpolated: half-way from thick metal to air half of the light arrives, not the light of
    half the line integral. `surroundings` (n, 180, 180) are line integrals of the rest of the CT over one and a half
    fields, near each picture's pose.
    """

    images: Float32
    camera: Camera
    angles_rad: Float64
    ranges_mm: Float64
    surroundings: Float32 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ObjectSamples:
    """The objects of a batch before anything else is in their frames.

    `line_integrals` (batch, size, size), zero where `present` (batch,) is 0; `residuals` (batch, 6) in mm and rad from
    the cached views of index `view_index` (batch,). `choice` (batch,) are their pictures in the bank and
    `homographies` (batch, 3, 3) from the canonical view's pixels to the bank's.
    """

    line_integrals: Float32
    residuals: Float64
    present: Float32
    view_index: NDArray[np.int64]
    choice: NDArray[np.int64]
    homographies: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What a network is trained on at once.

    `frames` (batch, size, size); `views` (batch, 5, size, size), each cached view and its neighbours as if 2 degrees
    apart, (batch, 6, size, size) with the surroundings in the cached view; `residuals` (batch, 6) in mm and rad;
    `present` (batch,), 1 where the object is in the frame; `view_index` (batch,), the cached views' indices.
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
    spread: SurroundingsSpread = _DEFAULT_SPREAD,
    progress: Progress = no_progress,
) -> TruthBank:
    """Render `count` pictures at random angles of the atlas and ranges within +-`depth_share` of the nominal one.

    `rest` renders what surrounds the object: near the object's pose but not at it, as parts of a body move against each
    other.
    """
    view = atlas.view
    focal_px = view.range_mm * BANK_SIZE_PX / view.field_mm
    middle = (BANK_SIZE_PX - 1) / 2
    camera = Camera(BANK_SIZE_PX, BANK_SIZE_PX, np.array([[focal_px, 0, middle], [0, focal_px, middle], [0, 0, 1.0]]))
    half_rad = np.deg2rad(atlas.grid.reach_deg)
    angles = rng.uniform(-half_rad, half_rad, (count, 2))
    ranges = view.range_mm * rng.uniform(1 - depth_share, 1 + depth_share, count)
    images = np.empty((count, BANK_SIZE_PX, BANK_SIZE_PX), np.float32)
    around = np.empty((count if rest is not None else 0, _WIDE_PX, _WIDE_PX), np.float32)
    wide = Camera(_WIDE_PX, _WIDE_PX, _WIDE_FROM_BANK_PX @ camera.intrinsic_matrix)
    for n in range(count):
        rotation = view_rotation(angles[n, 0], angles[n, 1], view)
        pose = pose_from_canonical(np.eye(3), rotation, np.array([0.0, 0.0, ranges[n]]), view)
        images[n] = -np.expm1(-renderer.render(camera, pose))
        if rest is not None:
            centre = rigid(np.eye(3), pose[:3, :3] @ view.centre_mm + pose[:3, 3])
            around[n] = rest.render(wide, centre @ _draw_motion(rng, spread) @ inverse(centre) @ pose)
        progress(n + 1, count)
    return TruthBank(images, camera, angles, ranges, around if rest is not None else None)


def _draw_motion(rng: np.random.Generator, spread: SurroundingsSpread) -> Mat44:
    """Return a random motion of the rest of a CT against the object, about the object's centre."""
    loose = np.exp(rng.uniform(np.log(spread.tightest), 0.0))
    turn = from_rotation_vector(rng.normal(size=3) * spread.loose_rad * loose)
    return rigid(turn, rng.normal(size=3) * spread.loose_mm * loose)


def sample_batch(
    bank: TruthBank, atlas: Atlas, ranges: OffsetRanges, batch: int, rng: np.random.Generator, absent: float = 0.0
) -> Batch:
    """Return a batch of random frames; a share `absent` of them does not hold the object at all."""
    samples = sample_objects(bank, atlas, ranges, batch, rng, absent)
    draws, around = draw_appearance(rng, batch, atlas.view.size_px), None
    if bank.surroundings is not None:
        around, draws = draw_surroundings(bank.surroundings, samples, draws, rng)
    frames = apply_appearance(samples.line_integrals, draws, around)
    views = _select_views(atlas, samples.view_index)
    return Batch(frames, views, samples.residuals, samples.present, samples.view_index)


def sample_objects(
    bank: TruthBank, atlas: Atlas, ranges: OffsetRanges, batch: int, rng: np.random.Generator, absent: float = 0.0
) -> ObjectSamples:
    """Return the objects of a batch, warped from random pictures of the bank; a share `absent` of them is not there."""
    view = atlas.view
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
    warped = warp_images(bank.images, choice, homographies, view.size_px)
    objects = -np.log1p(-np.minimum(warped, _MOST_ABSORBED))
    present = (rng.random(batch) >= absent).astype(np.float32)
    objects[present == 0] = 0.0
    return ObjectSamples(objects, residuals, present, views, choice, homographies)


def draw_surroundings(
    surroundings: Float32,
    samples: ObjectSamples,
    draws: AppearanceDraws,
    rng: np.random.Generator,
    spread: SurroundingsSpread = _DEFAULT_SPREAD,
) -> tuple[Float32, AppearanceDraws]:
    """Return the surroundings in each frame of a batch, and the frames' draws with less synthetic anatomy there.

    Parameters
    ----------
    surroundings : float32 (n, 180, 180), those of the bank
    samples, draws : the batch's objects and the random values of its frames
    spread : how many frames show the surroundings, and how strongly

    Returns
    -------
    around : float32 (batch, size, size), line integrals, zero in frames that do not show them
    draws : the random values to use for the frames
    """
    shown = rng.random(len(samples.choice)) < spread.share
    low, high = np.log(spread.contrasts)
    strengths = shown * draws.contrasts * np.exp(rng.uniform(low, high, len(samples.choice)))
    around = _warp_surroundings(surroundings, samples) * strengths.astype(np.float32)[:, None, None]
    return around, draws.reduce_in_body(shown, rng)


def _select_views(atlas: Atlas, views: NDArray[np.int64]) -> Float32:
    """Return the pictures of each cached view, its neighbours as if the grid's step were 2 degrees."""
    found = np.asarray(atlas.pictures[np.array([atlas.picture_indices(int(index)) for index in views])], np.float32)
    found[:, 1:5] = found[:, :1] + atlas.grid.per_step * (found[:, 1:5] - found[:, :1])
    return found


def _warp_surroundings(surroundings: Float32, samples: ObjectSamples) -> Float32:
    """Return surroundings as the frames see them, less their median, as automatic exposure does."""
    size_px = samples.line_integrals.shape[-1]
    images = warp_images(surroundings, samples.choice, _WIDE_FROM_BANK_PX @ samples.homographies, size_px)
    images -= np.median(surroundings[samples.choice, ::4, ::4], axis=(1, 2))[:, None, None]
    return images
