"""CLARET: linear regression from the difference of frame and DRR to the pose's error, zone by zone, coarse to fine.

Source: Chou, Frederick, Mageras, Chang, Pizer, "2D/3D image registration using regression learning", Computer Vision
and Image Understanding 117(9), 2013; with zones over the two out-of-plane angles as in the comparison of Miao, Wang,
Liao 2016 (section V, table II). Ours takes the difference on the atlas's canonical view, reduces it to its principal
components and solves for all six parameters by ridge regression. Lengths in mm, angles in rad.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64, Mat33, Mat44
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import GeometryError
from fluoropose.evaluation.baselines.scene import Target
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import pose_from_canonical, view_rotation
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.imaging.sampling import normalised_homography, warp_frame
from fluoropose.imaging.xray import Exposure
from fluoropose.registration.regression.residual import (
    Group,
    ViewAlignment,
    align_view,
    apply_residual,
    residual_to_pose,
)

__all__ = ["CLARET", "Claret", "LinearSettings", "train_claret"]


@dataclass(frozen=True, slots=True)
class LinearSettings:
    """Settings of CLARET.

    `zones` along each of the two angles; `views` pictures and `offsets` starts per picture train a zone at each of the
    `scales`, which multiply the `spread` (standard deviations of a start, mm and degrees); `components` are kept,
    `ridge` is the penalty as a share of the mean component's power, `repeats` the updates per scale at run time.
    Pictures are `side_px` wide; `background` is the size of the smooth shading drawn behind the object, `noise` of the
    noise on it, as shares of the object's own deviation.
    """

    zones: int = 4
    views: int = 120
    offsets: int = 6
    scales: tuple[float, ...] = (1.0, 0.5, 0.25)
    spread: tuple[float, ...] = (1.0, 1.0, 10.0, 2.0, 10.0, 10.0)
    components: int = 60
    ridge: float = 1e-1
    repeats: int = 3
    side_px: int = 32
    background: float = 0.5
    noise: float = 0.1
    floor: float = 0.1
    seed: int = 0


CLARET = LinearSettings()


@dataclass(frozen=True, slots=True, eq=False)
class LinearMap:
    """residual = offset + (picture - mean) @ slopes; picture flat (side * side,), residual (6,) mm and rad."""

    mean: Float64
    slopes: Float64
    offset: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Claret:
    """One case's trained maps by scale and zone."""

    settings: LinearSettings
    maps: dict[tuple[int, int], LinearMap]

    def register(self, target: Target, exposure: Exposure, start: Mat44) -> Mat44:
        """Return camera_from_volume after all scales.

        Raises
        ------
        GeometryError
            If the updates leave what a camera can see, which linear ones may.
        """
        settings, atlas = self.settings, target.case.atlas
        level = target.level(exposure, atlas.view.field_mm / target.case.size_mm / 64)
        pose = start
        for scale in range(len(settings.scales)):
            for _ in range(settings.repeats):
                current = align_view(pose, level.camera, atlas)
                found = self.maps[scale, _zone(current, target, settings)]
                seen = difference(level.frame, current, target, settings).ravel()
                residual = found.offset + (seen - found.mean) @ found.slopes
                if not np.isfinite(residual).all() or np.abs(residual[3:]).max() > np.pi / 2:
                    raise GeometryError(f"expected a turn below 90 degrees, got {np.rad2deg(residual[3:]).round()}")
                pose = apply_residual(current, residual, Group.ALL, atlas)
        return pose


def difference(frame: Float32, current: ViewAlignment, target: Target, settings: LinearSettings) -> Float64:
    """Return the frame in the canonical view minus the cached view there, each to zero mean and unit deviation."""
    side = settings.side_px
    ratio = target.case.atlas.view.size_px / side
    finer = np.array([[ratio, 0.0, 0.5 * ratio - 0.5], [0.0, ratio, 0.5 * ratio - 0.5], [0.0, 0.0, 1.0]])
    homography: Mat33 = normalised_homography(current.frame_from_canonical_px @ finer, *frame.shape)
    seen = warp_frame(frame, homography, side)
    return _normal(seen) - _cached_picture(target, current.view_index, settings)


def train_claret(
    target: Target, settings: LinearSettings, progress: Callable[[int, int], None] = lambda done, total: None
) -> Claret:
    """Train all zones on DRRs of the object before smooth shading; the same seed gives the same maps."""
    maps: dict[tuple[int, int], LinearMap] = {}
    count = settings.zones**2
    for zone in range(count):
        rng = np.random.default_rng([settings.seed, zone])
        pictures = [_picture(target, zone, settings, rng) for _ in range(settings.views)]
        for scale, factor in enumerate(settings.scales):
            samples = [sample for made in pictures for sample in _samples(made, target, settings, factor, rng)]
            maps[scale, zone] = _fit_ridge(samples, settings)
        progress(zone + 1, count)
    return Claret(settings, maps)


Made = tuple[Float32, Camera, Mat44]
"""A training picture, the camera that took it, and the true pose."""


def _picture(target: Target, zone: int, settings: LinearSettings, rng: np.random.Generator) -> Made:
    """Return a wide canonical picture at random angles of the zone (and a little beyond), before smooth shading."""
    atlas = target.case.atlas
    row, column = divmod(zone, settings.zones)
    width = 2.0 * atlas.grid.half_range_deg / settings.zones
    lows = np.array([row, column]) * width - atlas.grid.half_range_deg
    alpha, beta = np.deg2rad(lows + width * rng.uniform(-0.2, 1.2, 2))
    wide = 1.5
    view = atlas.view
    side = int(64 * wide)
    focal = view.range_mm * 64 / view.field_mm
    camera = Camera(side, side, np.array([[focal, 0, (side - 1) / 2], [0, focal, (side - 1) / 2], [0, 0, 1.0]]))
    centre = np.array([0.0, 0.0, view.range_mm * rng.uniform(0.96, 1.04)])
    pose = pose_from_canonical(np.eye(3), view_rotation(alpha, beta, view), centre, view)
    renderer: CpuRenderer = target.renderer(view.field_mm / 64)
    lines = _shade(renderer.render(camera, pose), settings.floor)
    size = float(lines.std())
    v, u = (np.mgrid[0:side, 0:side] / side - 0.5) * 2.0
    shading = sum(rng.normal() * shape for shape in (u, v, u * v, u * u, v * v))
    lines = lines + settings.background * size * shading + rng.normal(0.0, settings.noise * size, lines.shape)
    return lines.astype(np.float32), camera, pose


def _samples(
    made: Made, target: Target, settings: LinearSettings, factor: float, rng: np.random.Generator
) -> list[tuple[Float64, Float64]]:
    """Return differences and true residuals of starts about a picture's true pose."""
    picture, camera, truth = made
    frame, atlas = target.case.pose_frame, target.case.atlas
    six = six_from_pose(truth, frame)
    found = []
    for _ in range(settings.offsets):
        start = pose_from_six(six + factor * rng.normal(size=6) * settings.spread, frame)
        current = align_view(start, camera, atlas)
        seen = difference(picture, current, target, settings)
        found.append((seen.ravel(), residual_to_pose(truth, current, atlas)))
    return found


def _fit_ridge(samples: list[tuple[Float64, Float64]], settings: LinearSettings) -> LinearMap:
    """Return the ridge regression on the leading principal components."""
    pictures, residuals = (np.stack(parts) for parts in zip(*samples, strict=True))
    mean, offset = pictures.mean(axis=0), residuals.mean(axis=0)
    _, sizes, axes = np.linalg.svd(pictures - mean, full_matrices=False)
    kept = axes[: settings.components].T
    parts = (pictures - mean) @ kept
    penalty = settings.ridge * float((sizes[: settings.components] ** 2).mean()) * np.eye(kept.shape[1])
    slopes = kept @ np.linalg.solve(parts.T @ parts + penalty, parts.T @ (residuals - offset))
    return LinearMap(mean, slopes, offset)


def _zone(current: ViewAlignment, target: Target, settings: LinearSettings) -> int:
    half = target.case.atlas.grid.half_range_deg
    angles = np.rad2deg([current.pose.alpha_rad, current.pose.beta_rad])
    row, column = np.clip(((angles + half) / (2 * half) * settings.zones).astype(int), 0, settings.zones - 1)
    return int(row * settings.zones + column)


def _shade(lines: NDArray[Any], floor: float) -> Float32:
    return np.asarray(-np.log(np.exp(-np.asarray(lines, np.float32)) + np.float32(floor)), np.float32)


def _cached_picture(target: Target, index: int, settings: LinearSettings) -> Float64:
    """Return a cached view as `difference` compares it; those asked for are kept with the target."""
    key = ("claret", index, settings.side_px, settings.floor)
    if key not in target.kept:
        ratio = target.case.atlas.view.size_px // settings.side_px
        shown = _shade(target.case.atlas.views[index], settings.floor)
        target.kept[key] = _normal(shown.reshape(settings.side_px, ratio, settings.side_px, ratio).mean(axis=(1, 3)))
    return target.kept[key]


def _normal(picture: Float32) -> Float64:
    values = np.asarray(picture, np.float64)
    return (values - values.mean()) / max(float(values.std()), 1e-9)
