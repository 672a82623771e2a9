"""A pose from the raw edges of several views together, by least squares: the reference. No part of the method is used.

Each point of the mesh's rim asks its view how far outwards the edge lies, and asks the same of the picture that a
detector would show of the mesh at the pose (`rim`, `edge_offsets`). The difference counts, so that neither the rim's
transparency nor the measure itself moves the answer. Points vote with Cauchy's weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from fluoropose.arrays import Float64, Mat44, Points
from fluoropose.evaluation.studies.knee.edge_offsets import measure_offsets
from fluoropose.evaluation.studies.knee.rim import RimFinder
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import apply_twist, transform

__all__ = ["BiplaneFit", "ViewEdges", "fit_pose", "view_edges"]

_REACHES_PX = (6.0, 6.0, 4.0, 2.5, 2.5)
"""How far edges are looked for, round by round."""

_BLUR_PX = 1.2
"""The blur of the recordings' detectors: edges of the femoral component have 1.2 and 1.4 px."""

_LEAST_SHARE = 0.3
"""Edges of less than this share of the median steepness do not vote."""

_SCALE_PX = 0.5
"""An error from which a point's vote falls."""

_UNITS: Float64 = np.array([1.0, 1.0, 1.0, 0.03, 0.03, 0.03])


@dataclass(frozen=True, slots=True, eq=False)
class ViewEdges:
    """What one view says at a pose: points in the object (n, 3), normals and pixels (n, 2), errors outwards in px."""

    points_mm: Points
    normals: Float64
    pixels: Float64
    errors_px: Float64


@dataclass(frozen=True, slots=True, eq=False)
class BiplaneFit:
    """Where a fit ended, world_from_object, what each view says there, and edges' common offsets if they were free."""

    pose: Mat44
    views: tuple[ViewEdges, ...]
    offsets_px: Float64


def fit_pose(
    finder: RimFinder,
    frames: Sequence[NDArray[Any]],
    cameras: Sequence[PlacedCamera],
    start: Mat44,
    *,
    free_offsets: bool = False,
) -> BiplaneFit:
    """Return the pose, world_from_object, at which the rim lies on the edges of all frames.

    Parameters
    ----------
    finder : the object's rim
    frames : raw pixels (rows, columns), the open beam bright, of one instant
    cameras : their cameras
    start : world_from_object, some millimetres off at most
    free_offsets : fit also how far outwards all edges of a view lie
    """
    centre_mm, pose = finder.mesh.ends_mm.mean(axis=0), start
    pictures = [frame.astype(np.float64) for frame in frames]
    offsets: Float64 = np.zeros(len(cameras))
    for reach in _REACHES_PX:
        seen = [view_edges(finder, p, c, pose, reach) for p, c in zip(pictures, cameras, strict=True)]
        change, offsets = _solve(seen, cameras, pose, centre_mm, free_offsets)
        pose = apply_twist(pose, change, centre_mm)
    seen = [view_edges(finder, p, c, pose, _REACHES_PX[-1]) for p, c in zip(pictures, cameras, strict=True)]
    return BiplaneFit(pose, tuple(seen), offsets)


def view_edges(
    finder: RimFinder, picture: Float64, placed: PlacedCamera, world_from_object: Mat44, reach_px: float
) -> ViewEdges:
    """Return how far outwards of the rim at a pose a view's edges lie."""
    rim = finder.find(placed.camera, placed.camera_from_world @ world_from_object, _BLUR_PX)
    expected = measure_offsets(rim.shown, rim.pixels - rim.corner, rim.normals, 3.0)
    seen = measure_offsets(picture, rim.pixels, rim.normals, reach_px)
    kept = expected.found & (np.abs(expected.offsets_px) < 1.0) & seen.found
    if kept.any():
        kept &= seen.steepness > _LEAST_SHARE * float(np.median(seen.steepness[kept]))
    errors = (seen.offsets_px - expected.offsets_px)[kept]
    return ViewEdges(rim.points_mm[kept], rim.normals[kept], rim.pixels[kept], errors)


def _solve(
    seen: Sequence[ViewEdges], cameras: Sequence[PlacedCamera], pose: Mat44, centre_mm: Points, free_offsets: bool
) -> tuple[Float64, Float64]:
    """Return the twist (6,) in the world, mm and rad, and the offsets that the errors ask for."""
    rows = [_motion(view, placed, pose, centre_mm) for view, placed in zip(seen, cameras, strict=True)]
    own = [np.repeat(np.eye(len(seen))[n : n + 1], len(view.errors_px), axis=0) for n, view in enumerate(seen)]
    matrix = np.concatenate(rows) * _UNITS
    if free_offsets:
        matrix = np.concatenate([matrix, np.concatenate(own)], axis=1)
    errors = np.concatenate([view.errors_px for view in seen])
    found = least_squares(
        lambda x: matrix @ x - errors, np.zeros(matrix.shape[1]), jac=lambda x: matrix, loss="cauchy", f_scale=_SCALE_PX
    )
    return found.x[:6] * _UNITS, found.x[6:] if free_offsets else np.zeros(len(seen))


def _motion(view: ViewEdges, placed: PlacedCamera, pose: Mat44, centre_mm: Points) -> Float64:
    """Return how far points move outwards in a picture, px, with a twist about the object's centre, (n, 6)."""
    turn, camera = placed.camera_from_world[:3, :3], placed.camera
    world = transform(pose, view.points_mm)
    along = (view.normals[:, :, None] * _pixel_change(camera, transform(placed.camera_from_world, world))).sum(axis=1)
    shift = along @ turn
    return np.concatenate([shift, np.cross(world - transform(pose, centre_mm), shift)], axis=1)


def _pixel_change(camera: Camera, points_mm: Points) -> Float64:
    """Return how pixels change with points in the camera's frame, px per mm, (n, 2, 3)."""
    pixels, depth = project(camera, points_mm), points_mm[:, 2]
    change = np.repeat(camera.intrinsic_matrix[None, :2], len(points_mm), axis=0)
    change[:, :, 2] -= pixels
    return np.asarray(change / depth[:, None, None])
