"""What one step of the regression is: the contract that ONNX Runtime and the NumPy twin both keep."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33

__all__ = ["AbstractStepper", "Regression", "normalised_homography"]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """What a step sees: `residuals` and their expected errors `sigmas` (batch, 6) in mm and rad, `presence` (batch,).

    `presence` is the network's probability that the object is there and near the pose it was looked at with.
    """

    residuals: Float64
    sigmas: Float64
    presence: Float64


class AbstractStepper(ABC):
    """Holds one case's atlas and networks on a device; frames are put there once and looked at many times."""

    @abstractmethod
    def put_frame(self, line_integrals: Float32) -> None:
        """Place a frame, float32 (rows, columns), where the steps read it."""

    @abstractmethod
    def step(self, stage: str, homographies: Float64, view_index: Float64) -> Regression:
        """Look at the frame through normalised homographies (batch, 3, 3) beside cached views (batch,)."""


def normalised_homography(frame_from_canonical_px: Mat33, rows: int, columns: int) -> Mat33:
    """Return the homography into frame coordinates that run from -1 to 1 between the corner pixels' centres."""
    to_unit = np.array([[2.0 / (columns - 1), 0.0, -1.0], [0.0, 2.0 / (rows - 1), -1.0], [0.0, 0.0, 1.0]])
    return to_unit @ frame_from_canonical_px
