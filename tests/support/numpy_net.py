"""A torch network's weights as the NumPy twin takes them."""

from fluoropose.drr.atlas import Atlas
from fluoropose.registration.regression.numpy_step import NumpyNetwork
from fluoropose.registration.regression.residual import residual_units
from fluoropose.train.network import AbstractNet


def as_numpy(net: AbstractNet, atlas: Atlas) -> NumpyNetwork:
    weights = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    units = residual_units(atlas.view)
    return NumpyNetwork(weights, net.shape.pool, len(net.shape.widths) - 1, units, atlas.grid.per_step)
