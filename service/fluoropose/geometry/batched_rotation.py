"""Many rotations at once: what `geometry.rotation` does to one, for loops that must be quick. Angles in rad."""

import numpy as np

from fluoropose.arrays import Float64

__all__ = ["from_rotation_vectors", "to_rotation_vectors"]

_SMALL_SINE = 1e-7


def from_rotation_vectors(vectors_rad: Float64) -> Float64:
    """Return the rotations, shape (n, 3, 3), about `vectors_rad` (n, 3) by their lengths."""
    angles = np.linalg.norm(vectors_rad, axis=1)
    cross = np.zeros((len(vectors_rad), 3, 3))
    x, y, z = vectors_rad.T
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
    cross[:, 1, 0], cross[:, 2, 0], cross[:, 2, 1] = z, -y, x
    first, second = np.sinc(angles / np.pi), 0.5 * np.sinc(angles / (2 * np.pi)) ** 2
    turned: Float64 = np.eye(3) + first[:, None, None] * cross + second[:, None, None] * (cross @ cross)
    return turned


def to_rotation_vectors(rotations: Float64) -> Float64:
    """Return the axes times the angles, shape (n, 3), of `rotations` (n, 3, 3).

    Half a turn to within 1e-7 has some axis across the true one's doubt: (pi, 0, 0). Only its length is right.
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
