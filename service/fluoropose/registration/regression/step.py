"""One step of the regression: the interface that ONNX Runtime and the NumPy twin both implement."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64

__all__ = ["AbstractStepper", "Regression", "solve_regression"]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """The outputs of a step: `residuals` and their expected absolute errors `sigmas` (batch, 6) in mm and rad.

    `information` (batch, 6, 6) is the inverse of the errors' covariance; `sigmas` are the roots of the covariance's
    diagonal. `presence` (batch,) is the network's probability that the object is there and near the given pose.
    """

    residuals: Float64
    sigmas: Float64
    information: Float64
    presence: Float64


class AbstractStepper(ABC):
    """Holds one case's atlas and networks on a device. Frames are put there once, for many steps."""

    @property
    def fallback_nodes(self) -> int:
        """How many nodes of the networks run on the CPU although the device is another."""
        return 0

    @property
    def cache_bytes(self) -> int:
        """How many bytes it keeps at most of what it computed before."""
        return 0

    def follow_pictures(self, stamps: NDArray[np.int64] | None) -> None:  # noqa: B027  (most keep nothing of them)
        """Be told where the atlas counts how often each picture was written; None where none ever is again."""

    @abstractmethod
    def put_frames(self, line_integrals: Float32) -> None:
        """Place the frames of one instant, float32 (frames, rows, columns), where the steps read them, as float16."""

    @abstractmethod
    def step(
        self, network: str, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> Regression:
        """Run the network "coarse" or "fine" on a batch.

        Parameters
        ----------
        homographies : normalised, canonical view to frame, (batch, 3, 3)
        view_index : the cached pictures of each, `Atlas.picture_indices`, (batch, n)
        frame_index : the frame of each, (batch,)
        """

    @abstractmethod
    def another(self) -> "AbstractStepper":
        """Return a stepper of the same networks and atlas with frames of its own, for another thread."""


def solve_regression(information: Float64, vector: Float64, presence: Float64) -> Regression:
    """Return the solution of equations: `information` (batch, 6, 6), `vector` (batch, 6), `presence` (batch,)."""
    residuals = np.linalg.solve(information, vector[..., None])[..., 0]
    variances = np.diagonal(np.linalg.inv(information), axis1=1, axis2=2)
    return Regression(residuals, np.sqrt(variances), information, presence)
