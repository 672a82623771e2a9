"""The NumPy twin of the local network gives what ONNX Runtime gives."""

import numpy as np

from fluoropose.evaluation.published.numpy_net import local_network
from fluoropose.evaluation.published.plan import PAPER_GROUPS
from fluoropose.evaluation.published.training.networks import build_network
from fluoropose.evaluation.published.training.run import export_network
from fluoropose.inference.onnx_runtime import OrtRegressor, open_device

IN_PLANE, OUT_OF_PLANE, DEPTH = PAPER_GROUPS


def test_the_numpy_twin_gives_what_onnx_gives(rng):
    net = build_network("local", 18, 52, DEPTH, 5).eval()
    residual = rng.normal(size=(18, 52, 52)).astype(np.float32)
    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    found = OrtRegressor(export_network(net, residual.shape), open_device("cpu", 1))(residual)
    np.testing.assert_allclose(found, local_network(weights, residual), atol=1e-3)
