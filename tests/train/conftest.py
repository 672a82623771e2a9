"""A bank of true pictures of the small object."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.train.synthesis import build_bank


@pytest.fixture(scope="session")
def bank(small_case):
    return build_bank(CpuRenderer(small_case.volume, 0.7), small_case.atlas, 40, np.random.default_rng(1))
