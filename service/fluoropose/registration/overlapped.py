"""What a pose is worth that other objects lie over: nothing but its expected error tells there. Lengths in mm."""

from dataclasses import replace

import numpy as np

from fluoropose.arrays import Float64, Mat44, Points, Vec3
from fluoropose.geometry.rigid import transform, turn_covariance
from fluoropose.registration.assessment import Assessment, Status

__all__ = ["assess_overlapped", "corner_error_mm"]

_OVERLAPPED_SHARE = 0.007
"""For an object that others lie over: an expected error of its corners in the picture above this share of its size is
doubtful. Nothing else tells there: presence is 1 and the edges are similar where a neighbour that was not wholly
subtracted has drawn the pose aside by 1 % (docs/measured/objects.md)."""


def corner_error_mm(
    information: Float64, camera_from_world: Mat44, camera_from_volume: Mat44, corners_mm: Points, centre_mm: Vec3
) -> float:
    """Return by how much an object's corners (n, 3) are expected to be off across the ray, root mean square.

    `information` (6, 6) is that of the pose as a world twist about the object's centre; mm and rad.
    """
    covariance = turn_covariance(np.linalg.inv(information), camera_from_world[:3, :3])
    centre = transform(camera_from_volume, centre_mm)
    ray = centre / np.linalg.norm(centre)
    arms = transform(camera_from_volume, corners_mm) - centre
    moves = np.zeros((len(arms), 3, 6))
    moves[:, :, :3] = np.eye(3)
    # Each axis crossed with each arm: what a turn about it moves the corner by.
    for first, second, third in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        moves[:, second, 3 + first], moves[:, third, 3 + first] = -arms[:, third], arms[:, second]
    across = (np.eye(3) - np.outer(ray, ray)) @ moves
    return float(np.sqrt((across @ covariance * across).sum() / len(arms)))


def assess_overlapped(assessment: Assessment, error_mm: float, size_mm: float) -> Assessment:
    """Return what a pose is worth that other objects lie over; `error_mm` is its `corner_error_mm`."""
    doubtful = assessment.status is Status.TRACKING and error_mm > _OVERLAPPED_SHARE * size_mm
    return replace(assessment, status=Status.LOW_CONFIDENCE) if doubtful else assessment
