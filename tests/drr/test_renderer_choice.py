"""Which renderers are chosen, and what is said where CUDA is asked for and is not there."""

import pytest

from fluoropose.drr.renderer_choice import choose_renderers
from fluoropose.drr.renderer_maker import CPU
from fluoropose.errors import DeviceError


def test_another_name_is_refused():
    with pytest.raises(DeviceError, match="renderer must be auto, cpu or cuda, got 'gpu'"):
        choose_renderers("gpu")


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_without_a_gpu_it_is_the_cpu_and_nothing_is_said(caplog, name):
    assert choose_renderers(name, "the driver reports no GPU") is CPU
    assert not caplog.records


def test_the_cpu_can_be_asked_for_where_there_is_a_gpu():
    assert choose_renderers("cpu") is CPU


def test_cuda_that_is_not_there_is_refused_with_the_reason():
    with pytest.raises(DeviceError, match="expected a CUDA device to render on, got: the driver reports no GPU"):
        choose_renderers("cuda", "the driver reports no GPU")


def test_without_the_extra_its_name_is_told(monkeypatch, caplog):
    monkeypatch.setattr("fluoropose.drr.renderer_choice.find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"got: numba-cuda is not installed: pip install 'fluoropose\[cuda\]'"):
        choose_renderers("cuda")
    assert choose_renderers("auto") is CPU
    (said,) = caplog.records
    assert said.getMessage() == "views are rendered on the CPU"
    assert "fluoropose[cuda]" in said.fields["why"]


def test_what_numba_cannot_run_is_told(monkeypatch):
    monkeypatch.setattr("fluoropose.drr.renderer_choice.find_spec", lambda name: name)
    monkeypatch.setattr("fluoropose.drr.cuda_check.cuda_problem", lambda: "the toolkit is not there")
    with pytest.raises(DeviceError, match="got: the toolkit is not there"):
        choose_renderers("cuda")


def test_where_kernels_run_the_device_renders(monkeypatch):
    monkeypatch.setattr("fluoropose.drr.renderer_choice.find_spec", lambda name: name)
    monkeypatch.setattr("fluoropose.drr.cuda_check.cuda_problem", lambda: None)
    for name in ("auto", "cuda"):
        assert (choose_renderers(name).label, choose_renderers(name).copies) == ("cuda:0", 2)
