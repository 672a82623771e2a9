"""Pictures in the memory of a CUDA device, and what its failures become."""

import numpy as np
import pytest

from fluoropose.drr.cuda_memory import CudaPictures, device_errors, first_line
from fluoropose.errors import DeviceError
from support.cuda import SIMULATED, needs_cuda


@needs_cuda
def test_what_the_host_has_is_sent_to_the_cuda_device():
    pictures = CudaPictures((8, 2, 3))
    pictures.host[...] = np.arange(8)[:, None, None]
    pictures.send([6, 1, 2])
    assert pictures.device.copy_to_host()[:, 0, 0].tolist() == [0, 1, 2, 0, 0, 0, 6, 0]
    pictures.send([])


@needs_cuda
def test_pictures_on_a_cuda_device_have_an_address_there():
    pictures = CudaPictures((3, 2, 2))
    assert (pictures.address is None) == SIMULATED
    assert pictures.device_bytes == 2 * 3 * 2 * 2


def test_a_failure_there_is_told_in_one_line():
    with pytest.raises(DeviceError, match=r"^expected the CUDA device to render, got: out of memory$"), device_errors():
        raise RuntimeError("out of memory\n  in a stack of calls")
    assert first_line(ValueError()) == "ValueError"
    assert len(first_line("x" * 500)) == 200
