"""Powell's direction-set method (M. J. D. Powell, The Computer Journal 7(2), 1964), from SciPy."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from fluoropose.arrays import Float64
from fluoropose.evaluation.baselines.intensity import Search, Stage

__all__ = ["GC", "MI", "MI_GC", "NCC", "powell"]


def powell(cost: Callable[[Float64], float], stage: Stage) -> Float64:
    """Return the six scaled parameters of the least cost found from zero; first in the plane, then out of it."""
    directions = stage.reach * np.eye(6)[[0, 1, 3, 2, 4, 5]]
    # SciPy asks its line searches for 100 times `xtol`, relative.
    options = {
        "direc": directions,
        "xtol": stage.tolerance,
        "ftol": 1e-5,
        "maxfev": stage.evaluations,
    }
    found = minimize(cost, np.zeros(6), method="Powell", options=options)
    return np.asarray(found.x, np.float64).reshape(6)


def _stages(first: str, second: str) -> tuple[Stage, ...]:
    return (
        Stage(first, 1 / 32, 500, 0.5, 1e-3),
        Stage(first, 1 / 64, 300, 0.2, 1e-3),
        Stage(second, 1 / 128, 300, 0.1, 1e-3),
    )


MI = Search(_stages("mi", "mi"), floor=0.05)
NCC = Search(_stages("ncc", "ncc"), floor=0.02)
GC = Search(_stages("gc", "gc"), floor=0.1)
MI_GC = Search(_stages("mi", "gc"), floor=0.1)
"""Mutual information, normalised correlation, gradient correlation, and the first then the last (the paper's best)."""
