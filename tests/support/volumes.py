"""A small CT in a frame whose axes are neither the patient's nor square to each other."""

import numpy as np

from fluoropose.imaging.volume import Volume

PLACED = np.array([[0.0, -2.0, 0.1, 5], [1.5, 0, 0, -7], [0, 0.1, 3.0, 100], [0, 0, 0, 1]])


def random_ct(rng: np.random.Generator) -> Volume:
    return Volume(rng.integers(-1000, 1500, (4, 5, 6)).astype(np.float32), PLACED)
