"""CMA-ES, from `cma`: a population whose covariance adapts (Hansen, Ostermeier, Evol. Computation 9(2), 2001)."""

from collections.abc import Callable

import numpy as np
from cma import CMAEvolutionStrategy

from fluoropose.arrays import Float64
from fluoropose.evaluation.baselines.intensity import Search, Stage

__all__ = ["CMA_GC", "POPULATION", "cma_es"]

_SEED = 20160501
"""Every search draws the same numbers, so that a trial can be repeated."""

POPULATION = 12

CMA_GC = Search(
    (
        Stage("gc", 1 / 32, 480, 0.8, 1e-3),
        Stage("gc", 1 / 64, 240, 0.2, 1e-3),
        Stage("gc", 1 / 128, 240, 0.05, 1e-3),
    ),
    floor=0.1,
)
"""Gradient correlation, coarse to fine, each level from a narrower cloud."""


def cma_es(cost: Callable[[Float64], float], stage: Stage) -> Float64:
    """Return the centre of the last cloud; `reach` is the first cloud's size, `tolerance` that at which it stops."""
    options = {
        "seed": _SEED,
        "popsize": POPULATION,
        "maxfevals": stage.evaluations,
        "tolx": stage.tolerance,
        "verbose": -9,
    }
    strategy = CMAEvolutionStrategy(np.zeros(6), stage.reach, options)
    while not strategy.stop():
        asked = strategy.ask()
        strategy.tell(asked, [cost(np.asarray(x)) for x in asked])
    found = strategy.result
    return np.asarray(found.xfavorite, np.float64)
