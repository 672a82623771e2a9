"""Six parameters of the small object: where it is, where another lies beside it, and where one is far from it."""

import numpy as np

__all__ = ["BESIDE", "FAR", "HERE"]

HERE = np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0])
BESIDE = HERE + [14.0, 8.0, 10.0, 30.0, -6.0, 2.0]
FAR = HERE + [80.0, 0.0, 0.0, 0.0, 0.0, 0.0]
