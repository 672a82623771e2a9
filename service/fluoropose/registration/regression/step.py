"""What one step of the regression is: the contract that ONNX Runtime and the NumPy twin both keep."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64, Mat33

__all__ = ["AbstractStepper", "Regression", "normalised_homography", "pixel_homography", "solved", "stack_frames"]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """What a step sees: `residuals` and their expected absolute errors `sigmas` (batch, 6) in mm and rad.

    `information` (batch, 6, 6) is the inverse of the errors' covariance, whose diagonal's root `sigmas` is. `presence`
    (batch,) is the network's probability that the object is there and near the pose it was looked at with.
    """

    residuals: Float64
    sigmas: Float64
    information: Float64
    presence: Float64


class AbstractStepper(ABC):
    """Holds one case's atlas and networks on a device; frames are put there once and looked at many times."""

    @abstractmethod
    def put_frames(self, line_integrals: Float32) -> None:
        """Place the frames of one instant, float32 (frames, rows, columns), where the steps read them, as float16."""

    @abstractmethod
    def step(
        self, stage: str, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> Regression:
        """Look through normalised homographies (batch, 3, 3) at frames (batch,) beside cached pictures (batch, n).

        They are those of `Atlas.picture_indices`.
        """


def stack_frames(frames: Sequence[Float32]) -> Float32:
    """Return frames as one array (frames, rows, columns); smaller ones go on beyond their last row and column."""
    rows, columns = (max(frame.shape[axis] for frame in frames) for axis in (0, 1))
    if all(frame.shape == (rows, columns) for frame in frames):
        return np.stack(frames)
    return np.stack([np.pad(f, ((0, rows - f.shape[0]), (0, columns - f.shape[1])), mode="edge") for f in frames])


def normalised_homography(frame_from_canonical_px: Mat33, rows: int, columns: int) -> Mat33:
    """Return the homography into frame coordinates that run from -1 to 1 between the corner pixels' centres."""
    to_unit = np.array([[2.0 / (columns - 1), 0.0, -1.0], [0.0, 2.0 / (rows - 1), -1.0], [0.0, 0.0, 1.0]])
    return to_unit @ frame_from_canonical_px


def pixel_homography(homography: Mat33, rows: int, columns: int) -> Mat33:
    """Return the homography into frame pixels of a normalised one: the inverse of `normalised_homography`."""
    across, down = (columns - 1) / 2, (rows - 1) / 2
    return np.array([[across, 0.0, across], [0.0, down, down], [0.0, 0.0, 1.0]]) @ homography


def solved(information: Float64, vector: Float64, presence: Float64) -> Regression:
    """Return what a step's equations say: `information` (batch, 6, 6), `vector` (batch, 6), `presence` (batch,)."""
    residuals = np.linalg.solve(information, vector[..., None])[..., 0]
    variances = np.diagonal(np.linalg.inv(information), axis1=1, axis2=2)
    return Regression(residuals, np.sqrt(variances), information, presence)
