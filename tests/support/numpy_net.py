"""A torch network's weights as the NumPy twin takes them."""

import numpy as np

from fluoropose.pehl.numpy_step import NumpyNetwork
from fluoropose.train.network import RegressorNet, residual_units


def as_numpy(net: RegressorNet, field_mm: float, range_mm: float) -> NumpyNetwork:
    weights = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    units = residual_units(field_mm, range_mm).numpy().astype(np.float64)
    return NumpyNetwork(weights, net.shape.pool, len(net.shape.widths) - 1, units)
