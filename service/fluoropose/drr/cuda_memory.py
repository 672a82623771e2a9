"""Memory of a CUDA device, and the stream in which renderers work there."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

import numpy as np
from numba import config, cuda
from numpy.typing import NDArray

from fluoropose.drr.pictures import ViewPictures
from fluoropose.errors import DeviceError

__all__ = ["CudaPictures", "copy_to_device", "device_errors", "first_line", "own_stream"]


class CudaPictures(ViewPictures):
    """Pictures on the host and on a CUDA device; what a renderer of this module writes goes to both."""

    def __init__(self, shape: tuple[int, int, int], turns: AbstractContextManager[Any] | None = None) -> None:
        """Begin with zeros, (places, rows, columns). `turns` is held, if given, while the device is used."""
        super().__init__(np.zeros(shape, np.float16))
        self._turns = nullcontext() if turns is None else turns
        with self._turns, device_errors():
            self.device = copy_to_device(self.host, np.float16)

    @property
    def address(self) -> int | None:
        """Where the pictures begin in the device's memory; None in the simulator, which has none."""
        interface = getattr(self.device, "__cuda_array_interface__", None)
        return None if interface is None else int(interface["data"][0])

    @property
    def device_bytes(self) -> int:
        """How many bytes they take on the device: as many as on the host."""
        return int(self.host.nbytes)

    def send(self, places: Sequence[int]) -> None:
        """Copy the host's pictures at some places to the device."""
        with self._turns, device_errors():
            for begin, end in _runs(places):
                self.device[begin:end].copy_to_device(self.host[begin:end], stream=own_stream())
            own_stream().synchronize()


@cache
def own_stream() -> Any:
    """Return the stream of all renderers, which does not wait for the default one: ONNX Runtime copies there."""
    if config.ENABLE_CUDASIM:
        return cuda.stream()
    from cuda.bindings import driver

    cuda.current_context()
    error, handle = driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING.value)
    return cuda.external_stream(int(handle)) if error == driver.CUresult.CUDA_SUCCESS else cuda.stream()


def copy_to_device(values: NDArray[Any], dtype: type) -> Any:
    """Return a copy on the device, which is there when this returns."""
    device = cuda.to_device(np.array(values, dtype, order="C"), stream=own_stream())
    own_stream().synchronize()
    return device


@contextmanager
def device_errors() -> Iterator[None]:
    """Raise DeviceError for what fails on the device."""
    try:
        yield
    except Exception as error:
        raise DeviceError(f"expected the CUDA device to render, got: {first_line(error)}") from error


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return the places as runs of neighbours: the first of each, and the one after its last."""
    numbers = np.unique(np.asarray(places, np.int64))
    parts = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return [(int(part[0]), int(part[-1]) + 1) for part in parts if len(part)]


def first_line(error: object) -> str:
    """Return the first line of what an error says, cut at 200 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
