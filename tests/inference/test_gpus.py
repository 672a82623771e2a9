"""GPUs as the driver tells of them, and a driver that tells little, on a pretended NVML."""

from types import SimpleNamespace

import pytest

from fluoropose.inference import gpus
from fluoropose.inference.gpus import Gpu, list_gpus


@pytest.fixture
def driver(monkeypatch):
    """NVML with one GPU. What is put into `broken` raises."""
    broken = set()

    def says(name, answer):
        def asked(*arguments):
            if name in broken:
                raise gpus.pynvml.NVMLError(gpus.pynvml.NVML_ERROR_NOT_SUPPORTED)
            return answer

        monkeypatch.setattr(gpus.pynvml, name, asked)

    says("nvmlInit", None)
    says("nvmlShutdown", None)
    says("nvmlDeviceGetCount", 1)
    says("nvmlDeviceGetHandleByIndex", "handle")
    says("nvmlDeviceGetName", "A card")
    says("nvmlDeviceGetUUID", "GPU-1")
    says("nvmlDeviceGetMemoryInfo", SimpleNamespace(total=2000, used=500))
    says("nvmlDeviceGetUtilizationRates", SimpleNamespace(gpu=25))
    says("nvmlDeviceGetPowerUsage", 71500)
    says("nvmlDeviceGetTemperature", 44)
    return broken


def test_a_gpu_with_its_load_power_and_temperature(driver):
    assert list_gpus() == [Gpu("A card", "GPU-1", 2000, 500, 0.25, 71.5, 44.0)]


def test_what_the_driver_does_not_tell_is_none(driver):
    driver |= {"nvmlDeviceGetUtilizationRates", "nvmlDeviceGetTemperature"}
    assert list_gpus() == [Gpu("A card", "GPU-1", 2000, 500, None, 71.5, None)]


@pytest.mark.parametrize("fails", ["nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetMemoryInfo"])
def test_a_driver_that_does_not_answer_is_no_gpu(driver, fails):
    driver.add(fails)
    assert list_gpus() == []
