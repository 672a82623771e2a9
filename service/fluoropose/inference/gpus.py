"""List the GPUs of this machine as the driver reports them through NVML. A machine without one is not an error."""

from collections.abc import Callable
from dataclasses import dataclass

import pynvml

__all__ = ["Gpu", "list_gpus"]


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU at one moment; utilisation (0 to 1), power and temperature are None where the driver has no value."""

    name: str
    uuid: str
    memory_total_bytes: int
    memory_used_bytes: int
    utilisation: float | None
    power_watts: float | None = None
    temperature_celsius: float | None = None


def list_gpus() -> list[Gpu]:
    """Return the GPUs, or an empty list where there is no driver or none is attached."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        return [_read(pynvml.nvmlDeviceGetHandleByIndex(n)) for n in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()


def _read(handle: object) -> Gpu:
    """Return the GPU of an NVML handle."""
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        str(pynvml.nvmlDeviceGetName(handle)),
        str(pynvml.nvmlDeviceGetUUID(handle)),
        int(memory.total),
        int(memory.used),
        _value_or_none(lambda: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100.0),
        _value_or_none(lambda: pynvml.nvmlDeviceGetPowerUsage(handle) / 1e3),
        _value_or_none(lambda: float(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))),
    )


def _value_or_none(ask: Callable[[], float]) -> float | None:
    """Return what the driver answers, or None where it does not support the question."""
    try:
        return ask()
    except pynvml.NVMLError:
        return None
