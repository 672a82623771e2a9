"""Feature-based registration: points on the DRR's edges, matched along their normals to the frame's, then moved there.

In turn: render the object at the pose; take its edge pixels; put each at the depth along its ray where the object's
attenuation changes most across the ray, which is what makes the edge (gradient formation: Tomazevic, Likar, Slivnik,
Pernus, IEEE TMI 22(11), 2003); look along the edge's normal for the frame's strongest edge of the same sign; move the
pose by one damped, robustly weighted Gauss-Newton step of the points' distances to the lines so found (Besl, McKay,
IEEE TPAMI 14(2), 1992, with the point-to-line distance of Chen, Medioni 1992). Lengths in mm, pixels as (column, row).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, maximum_filter

from fluoropose.arrays import Float32, Float64, Mat44, Points, Vec3
from fluoropose.drr.renderer import ray_frame
from fluoropose.errors import InputError
from fluoropose.evaluation.baselines.scene import Level, Target, window_around
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import exp, rigid, transform
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.xray import Exposure
from fluoropose.similarity.gradient import gradients

__all__ = ["Edges", "FEATURES", "FeatureSearch", "Stride", "edges_of", "match_edges", "pose_step", "register_features"]


@dataclass(frozen=True, slots=True)
class Stride:
    """One resolution: pixel share (see `baselines.scene`), how often to render, how far to look along a normal (px)."""

    pixel_share: float
    rounds: int
    look_px: float


@dataclass(frozen=True, slots=True)
class FeatureSearch:
    """Settings of the feature-based method.

    `most_points` edge points per round, the steepest of those above `edge_share` of the steepest; `near_share` of a
    match's weight is lost at the end of the look; `scales` (mm, degrees) are the expected errors of a start, which
    damp the step by `damping`; `floor` is that of `Level.drr`.
    """

    strides: tuple[Stride, ...]
    most_points: int = 800
    edge_share: float = 0.1
    near_share: float = 0.5
    scales: tuple[float, ...] = (1.0, 1.0, 10.0, 2.0, 10.0, 10.0)
    damping: float = 0.05
    margin: float = 0.3
    smooth_px: float = 1.0
    floor: float = 0.1


_LEAST_POINTS = 12
"""Two per unknown."""

FEATURES = FeatureSearch((Stride(1 / 32, 10, 4.0), Stride(1 / 64, 10, 4.0), Stride(1 / 128, 10, 4.0)))


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """A DRR's edge points: pixels (n, 2), unit normals towards more attenuation (n, 2), places in the camera (n, 3)."""

    pixels: Float64
    normals: Float64
    points_mm: Points


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """For each edge point the signed distance along its normal to the frame's edge (px), and its weight, 0 to 1."""

    distances: Float64
    weights: Float64


def register_features(
    target: Target,
    exposure: Exposure,
    start: Mat44,
    settings: FeatureSearch,
) -> Mat44:
    """Return camera_from_volume after all rounds."""
    pose = start
    for stride in settings.strides:
        level = target.level(exposure, stride.pixel_share)
        slopes = gradients(level.frame, settings.smooth_px)
        for _ in range(stride.rounds):
            edges = edges_of(level, target, pose, settings)
            matches = match_edges(slopes, edges, stride.look_px, settings)
            slope = image_slopes(edges, level.camera, centre_of(pose, target))
            pose = move_pose(pose, target, pose_step(slope, matches, settings))
    return pose


def edges_of(level: Level, target: Target, camera_from_volume: Mat44, settings: FeatureSearch) -> Edges:
    """Return the edge points of the object as it is seen at a pose."""
    window = window_around(level.camera, camera_from_volume, target.case.corners_mm, 0.1)
    down, along = gradients(level.drr(window.camera, camera_from_volume, settings.floor), settings.smooth_px)
    steepness = np.hypot(down, along)
    ridge = (steepness > settings.edge_share * float(steepness.max())) & (
        steepness >= 0.9 * maximum_filter(steepness, 3)
    )
    rows, columns = np.nonzero(ridge)
    if len(rows) < _LEAST_POINTS:
        raise InputError(f"expected at least {_LEAST_POINTS} edge points in the DRR, got {len(rows)}")
    steepest = np.argsort(-steepness[rows, columns], kind="stable")[: settings.most_points]
    rows, columns = rows[steepest], columns[steepest]
    normals = np.stack([along[rows, columns], down[rows, columns]], axis=1) / steepness[rows, columns, None]
    seen = np.stack([columns, rows], axis=1).astype(np.float64)
    seen += _crest((down, along), seen, normals, np.arange(-1.0, 1.25, 0.5))[0][:, None] * normals
    points = _edge_points(level.renderer.volume, window.camera, camera_from_volume, seen, normals)
    return Edges(seen + [window.columns.start, window.rows.start], normals, points)


def match_edges(slopes: tuple[Float64, Float64], edges: Edges, look_px: float, settings: FeatureSearch) -> Matches:
    """Return where along its normal each edge point finds the frame's edge.

    The edge is where the frame's slope along the normal, faded with distance, is largest; a point that finds no slope
    of the right sign has weight 0.
    """
    offsets = np.arange(-look_px, look_px + 0.25, 0.5)
    fading = 1.0 - settings.near_share * np.abs(offsets) / look_px
    distances, strength = _crest(slopes, edges.pixels, edges.normals, offsets, fading)
    usual = float(np.median(np.abs(strength))) + 1e-12
    return Matches(distances, np.where(strength > 0, np.minimum(strength / usual, 1.0), 0.0))


def pose_step(slope: Float64, matches: Matches, settings: FeatureSearch) -> Float64:
    """Return one damped Gauss-Newton step on the distances, Tukey-weighted about their own spread.

    `slope` (n, 6) is that of `image_slopes`, the step (6,) a turn (rad) and a shift (mm) like its columns.
    """
    # Turns about the camera's x and y are the out-of-plane ones, that about z the one in the plane.
    scales = np.array(settings.scales)
    unit = np.concatenate([np.deg2rad(scales[[4, 5, 3]]), scales[:3]])
    scaled = slope * unit
    step = np.zeros(6)
    for _ in range(3):
        left = matches.distances - scaled @ step
        spread = 1.4826 * float(np.median(np.abs(left))) + 0.1
        robust = matches.weights * np.clip(1.0 - (left / (4.0 * spread)) ** 2, 0.0, None) ** 2
        normal = scaled.T @ (robust[:, None] * scaled)
        damped = normal + settings.damping * spread**2 * np.eye(6)
        step = np.linalg.solve(damped, scaled.T @ (robust * matches.distances))
    return unit * step


def image_slopes(edges: Edges, camera: Camera, centre_mm: Vec3) -> Float64:
    """Return how each point's image moves along its normal (px) per turn about (rad) and shift of (mm) the centre."""
    x, y, z = edges.points_mm.T
    fx, fy, skew = camera.intrinsic_matrix[0, 0], camera.intrinsic_matrix[1, 1], camera.intrinsic_matrix[0, 1]
    u, v = edges.normals.T
    per_x, per_y = u * fx / z, (u * skew + v * fy) / z
    pull = np.stack([per_x, per_y, -(per_x * x + per_y * y) / z], axis=1)
    return np.concatenate([np.cross(edges.points_mm - centre_mm, pull), pull], axis=1)


def centre_of(camera_from_volume: Mat44, target: Target) -> Vec3:
    """Return the object's centre in the camera, mm."""
    return transform(camera_from_volume, target.case.atlas.view.centre_mm)


def move_pose(camera_from_volume: Mat44, target: Target, step: Float64) -> Mat44:
    """Return the pose after a turn about (rad) and a shift of (mm) the object's centre, in the camera."""
    rotation = exp(np.r_[step[:3], 0.0, 0.0, 0.0])[:3, :3] @ camera_from_volume[:3, :3]
    there = centre_of(camera_from_volume, target) + step[3:]
    return rigid(rotation, there - rotation @ target.case.atlas.view.centre_mm)


def _crest(
    slopes: tuple[Float64, Float64], pixels: Float64, normals: Float64, offsets: Float64, fading: float | Float64 = 1.0
) -> tuple[Float64, Float64]:
    """Return for each pixel the offset along its normal where the faded slope that way is largest, and that slope."""
    places = pixels[:, None, :] + offsets[None, :, None] * normals[:, None, :]
    at = [places[..., 1], places[..., 0]]
    down, along = (map_coordinates(slope, at, order=1, mode="nearest") for slope in slopes)
    faded = (along * normals[:, None, 0] + down * normals[:, None, 1]) * fading
    best = faded.argmax(axis=1)
    return _between_samples(faded, best, offsets), faded[np.arange(len(best)), best]


def _between_samples(values: Float64, best: NDArray[np.int64], offsets: Float64) -> Float64:
    """Return the offset of each row's maximum, refined by the parabola through it and its neighbours."""
    inner = np.clip(best, 1, len(offsets) - 2)
    rows = np.arange(len(best))
    before, here, after = (values[rows, inner + k] for k in (-1, 0, 1))
    bend = before - 2.0 * here + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1.0), 0.0)
    refined = offsets[inner] + np.clip(shift, -1.0, 1.0) * (offsets[1] - offsets[0])
    return np.where(inner == best, refined, offsets[best])


def _edge_points(
    volume: Volume, camera: Camera, camera_from_volume: Mat44, pixels: Float64, normals: Float64
) -> Points:
    """Return the camera points (mm) on the rays of `pixels` where attenuation changes most along the normal."""
    rays = ray_frame(volume, camera, camera_from_volume)
    ones = np.ones((len(pixels), 1))
    slopes = np.hstack([pixels, ones]) @ rays.index_from_pixel.T
    near, far = _inside(rays.origin, slopes, volume.values.shape)
    count = int(np.ceil(float((far - near).max(initial=0.0)) / float(volume.spacing_mm.min()))) + 2
    depths = near[:, None] + (far - near)[:, None] * (np.arange(count) + 0.5) / count
    beside = np.hstack([normals, np.zeros((len(pixels), 1))]) @ rays.index_from_pixel.T
    places = rays.origin + depths[..., None] * slopes[:, None, :]
    change = _sample(volume.values, places + depths[..., None] * beside[:, None, :])
    change -= _sample(volume.values, places - depths[..., None] * beside[:, None, :])
    chosen = depths[np.arange(len(pixels)), change.argmax(axis=1)]
    return chosen[:, None] * (np.hstack([pixels, ones]) @ rays.direction_from_pixel.T)


def _inside(origin: Float64, slopes: Float64, shape: tuple[int, ...]) -> tuple[Float64, Float64]:
    """Return the depths between which each ray is within the volume's box, widened by two voxels for grazing rays."""
    safe = np.where(np.abs(slopes) > 1e-12, slopes, 1e-12)
    first, second = (-2.0 - origin) / safe, (np.array(shape) + 1.0 - origin) / safe
    near = np.minimum(first, second).max(axis=1)
    far = np.maximum(first, second).min(axis=1)
    return near, np.maximum(far, near)


def _sample(values: Float32, places: Float64) -> Float64:
    return np.asarray(map_coordinates(values, np.moveaxis(places, -1, 0), order=1, mode="constant"), np.float64)
