"""A CUDA device is trusted once it gives the CPU's pictures."""

import pytest

from fluoropose.drr.cuda import CudaPlaneRenderer
from fluoropose.drr.cuda_check import cuda_problem, wrong_pictures
from support.cuda import SIMULATED, needs_cuda


@pytest.mark.skipif(SIMULATED, reason="the simulator is no device")
def test_without_the_simulator_a_device_that_is_none_is_no_error():
    problem = cuda_problem()
    assert problem is None or problem.startswith("numba finds no CUDA device: ")


@needs_cuda
def test_cuda_that_gives_the_cpus_pictures_is_trusted():
    assert wrong_pictures() is None


@needs_cuda
def test_cuda_that_gives_others_is_not(monkeypatch):
    right = CudaPlaneRenderer.render_views
    monkeypatch.setattr(CudaPlaneRenderer, "render_views", lambda *of: 1.01 * right(*of))
    assert wrong_pictures() == "its pictures by planes differ from the CPU's by 0.01 of their largest value"


@needs_cuda
@pytest.mark.skipif(not SIMULATED, reason="it would be chosen")
def test_simulated_cuda_is_not_taken_for_a_device():
    assert "only simulates CUDA" in (cuda_problem() or "")
