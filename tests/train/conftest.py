"""A bank of true pictures of the small object; trainings on one thread, which a busy machine does not slow."""

import numpy as np
import pytest
import torch

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.train.synthesis import build_bank


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def bank(small_case):
    return build_bank(CpuRenderer(small_case.volume, 0.7), small_case.atlas, 40, np.random.default_rng(1))
