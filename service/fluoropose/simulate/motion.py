"""Smooth motions of the six parameters (mm and degrees): sums of slow sines. Times in s."""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64

__all__ = ["DEFAULT_REACH", "Motion", "random_motion"]

DEFAULT_REACH: Float64 = np.array([8.0, 8.0, 25.0, 8.0, 12.0, 12.0])
"""The largest distance of a run from its mean in t_x, t_y, t_z (mm), t_theta, t_alpha, t_beta (degrees)."""

_WAVES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Six parameters over time: `mean` (6,) plus n sines of `amplitudes`, `rates_hz`, `phases` (rad), each (6, n)."""

    mean: Float64
    amplitudes: Float64
    rates_hz: Float64
    phases: Float64

    def evaluate(self, time_s: float) -> Float64:
        """Return the six parameters at a time, shape (6,)."""
        waves = self.amplitudes * np.sin(2 * np.pi * self.rates_hz * time_s + self.phases)
        return np.asarray(self.mean + waves.sum(axis=1))


def random_motion(mean: Float64, rng: np.random.Generator, reach: Float64 = DEFAULT_REACH) -> Motion:
    """Return a random motion within `reach` of `mean`, at 0.05 to 0.35 Hz as of a bending joint or of breathing."""
    shares = rng.dirichlet(np.ones(_WAVES), size=6)
    rates = rng.uniform(0.05, 0.35, (6, _WAVES))
    return Motion(mean, shares * reach[:, None], rates, rng.uniform(0, 2 * np.pi, (6, _WAVES)))
