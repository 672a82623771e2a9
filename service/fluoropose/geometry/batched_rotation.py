"""Rotation vectors of many rotations in one call, where a loop over `geometry.rotation` is too slow. Angles in rad."""

import numpy as np

from fluoropose.arrays import Float64

__all__ = ["from_rotation_vectors", "to_rotation_vectors"]

_SMALL_SINE = 1e-7
"""Where the sine of the angle is smaller, the angle equals its sine to the last bit or is near 180 deg."""


def from_rotation_vectors(vectors_rad: Float64) -> Float64:
    """Return the rotations, shape (n, 3, 3), about the axes `vectors_rad` (n, 3) by their lengths."""
    angles = np.linalg.norm(vectors_rad, axis=1)
    cross = np.zeros((len(vectors_rad), 3, 3))
    x, y, z = vectors_rad.T
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
    cross[:, 1, 0], cross[:, 2, 0], cross[:, 2, 1] = z, -y, x
    first, second = np.sinc(angles / np.pi), 0.5 * np.sinc(angles / (2 * np.pi)) ** 2
    turned: Float64 = np.eye(3) + first[:, None, None] * cross + second[:, None, None] * (cross @ cross)
    return turned


def to_rotation_vectors(rotations: Float64) -> Float64:
    """Return the axes times the angles in rad, shape (n, 3), of `rotations` (n, 3, 3).

    Where the angle is within 1e-7 of 180 deg the result is (pi, 0, 0): its length is right, its axis is not.
    """
    sines = 0.5 * np.stack(
        [
            rotations[:, 2, 1] - rotations[:, 1, 2],
            rotations[:, 0, 2] - rotations[:, 2, 0],
            rotations[:, 1, 0] - rotations[:, 0, 1],
        ],
        axis=1,
    )
    sine = np.linalg.norm(sines, axis=1)
    cosine = 0.5 * (np.trace(rotations, axis1=1, axis2=2) - 1.0)
    angle = np.arctan2(sine, cosine)
    scale = np.where(sine > _SMALL_SINE, angle / np.maximum(sine, _SMALL_SINE), 1.0)
    vectors: Float64 = sines * scale[:, None]
    vectors[(sine <= _SMALL_SINE) & (cosine < 0.0)] = [np.pi, 0.0, 0.0]
    return vectors
