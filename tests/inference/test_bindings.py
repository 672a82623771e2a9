"""Bindings on a CPU: a graph that takes the views' pictures and one that takes what was made of them say the same."""

import numpy as np
import pytest

from fluoropose.inference.bindings import OUTPUTS, BesideBinding, WarpedBinding
from fluoropose.inference.onnx_runtime import Device, open_network, open_parts, place
from fluoropose.inference.view_channels import ViewChannels
from fluoropose.train.export import export_network
from fluoropose.train.network import NetworkShape, StepGeometry, build_net

SIZE_PX = 64
CPU = Device("cpu", 1)


@pytest.mark.parametrize("batch", [1, 3])
def test_both_bindings_give_the_same(rng, batch):
    net = build_net(NetworkShape(2, (4, 8, 8), 8), SIZE_PX)
    network = export_network(net, StepGeometry(SIZE_PX, 5), "fine.weights")
    atlas = place(rng.random((9, 1, SIZE_PX, SIZE_PX)).astype(np.float16), CPU)
    frames = rng.random((2, 40, 50)).astype(np.float32)
    channels, beside = open_parts(network, CPU)
    bindings = (
        WarpedBinding(open_network(network, CPU, batch), frames, atlas, SIZE_PX, (batch, 5)),
        BesideBinding(beside, frames, ViewChannels(channels, atlas), SIZE_PX, (batch, 5)),
    )
    homography = np.array([[2 / SIZE_PX, 0.0, -1.0], [0.0, 2 / SIZE_PX, -1.0], [0.0, 0.0, 1.0]])
    for _ in range(2):
        looks = (np.stack([homography] * batch), rng.integers(0, 9, (batch, 5)), rng.integers(0, 2, batch))
        wanted, found = ([array.copy() for array in binding.run(*looks)] for binding in bindings)
        for one, other, rest in zip(wanted, found, OUTPUTS.values(), strict=True):
            assert other.shape == (batch, *rest)
            np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-5 * np.abs(one).max())
