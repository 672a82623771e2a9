"""Devices by name: none that is asked for is replaced by another one in silence."""

import pytest

from fluoropose.errors import DeviceError
from fluoropose.inference.gpus import list_gpus
from fluoropose.inference.onnx_runtime import open_device


def test_devices_never_fall_back_in_silence():
    with pytest.raises(DeviceError, match="auto, cpu or cuda"):
        open_device("tpu", 1)
    if list_gpus():
        assert open_device("cuda", 1).label == "cuda:0"
        return
    assert open_device("auto", 1).name == "cpu"
    assert open_device("auto", 1).note == "the driver reports no GPU"
    with pytest.raises(DeviceError, match="expected a usable CUDA device"):
        open_device("cuda", 1)
