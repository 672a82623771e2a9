"""The paper's networks in torch: residuals (batch, n, size, size) to a group's parameters in mm and degrees.

`LocalNet` is table by table that of Miao, Wang, Liao 2016, section III-D1: 660,500 weights without biases and output
layer for 18 patches. The paper states ReLU for the dense layers only; so the convolutions have none, as in the
network of Caffe's digits example, whose shape it shares. The last layer gives shares of `units`, half of each
parameter's half-range: in plain millimetres and degrees the paper's learning rate diverges on group 2 here.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fluoropose.errors import InputError
from fluoropose.evaluation.published.features import haar_masks
from fluoropose.evaluation.published.plan import NETWORKS, ParameterGroup

__all__ = ["GlobalNet", "LinearNet", "LocalNet", "PublishedNet", "build_network", "weight_count"]


class PublishedNet(nn.Module):
    """What all have: `units` (outputs,), mm and degrees per output unit."""

    def __init__(self, units: Tensor) -> None:
        super().__init__()
        self.units: Tensor
        self.register_buffer("units", units)


class LocalNet(PublishedNet):
    """One small CNN for all patches, their features joined by a dense layer."""

    def __init__(self, points: int, units: Tensor) -> None:
        super().__init__(units)
        self.points = points
        self.first = nn.Conv2d(1, 20, 5)
        self.second = nn.Conv2d(20, 20, 5)
        self.patch = nn.Linear(20 * 10 * 10, 100)
        self.joint = nn.Linear(100 * points, 250)
        self.output = nn.Linear(250, len(units))

    def forward(self, residuals: Tensor) -> Tensor:
        """Return (batch, outputs)."""
        x = residuals.reshape(-1, 1, residuals.shape[2], residuals.shape[3])
        x = F.max_pool2d(self.first(x), 2)
        x = F.max_pool2d(self.second(x), 2)
        x = F.relu(self.patch(x.flatten(1)))
        x = F.relu(self.joint(x.reshape(-1, 100 * self.points)))
        return self.output(x) * self.units


class GlobalNet(PublishedNet):
    """The ablation's network on one residual of the whole picture: twice conv 5 x 5 and pool 3 x 3, then 250."""

    def __init__(self, size_px: int, units: Tensor) -> None:
        super().__init__(units)
        side = ((size_px - 4) // 3 - 4) // 3
        self.first = nn.Conv2d(1, 20, 5)
        self.second = nn.Conv2d(20, 20, 5)
        self.joint = nn.Linear(20 * side * side, 250)
        self.output = nn.Linear(250, len(units))

    def forward(self, residuals: Tensor) -> Tensor:
        """Return (batch, outputs) of residuals (batch, 1, size, size)."""
        x = F.max_pool2d(self.first(residuals), 3)
        x = F.max_pool2d(self.second(x), 3)
        return self.output(F.relu(self.joint(x.flatten(1)))) * self.units


class LinearNet(PublishedNet):
    """No CNN: eight Haar-like features of each patch and one linear layer."""

    def __init__(self, points: int, size_px: int, units: Tensor) -> None:
        super().__init__(units)
        masks = torch.from_numpy(haar_masks(size_px))
        self.masks: Tensor
        self.register_buffer("masks", masks.flatten(1))
        self.output = nn.Linear(points * len(masks), len(units))

    def features(self, residuals: Tensor) -> Tensor:
        """Return (batch, points x 8)."""
        return (residuals.flatten(2) @ self.masks.T).flatten(1)

    def forward(self, residuals: Tensor) -> Tensor:
        """Return (batch, outputs)."""
        return self.output(self.features(residuals)) * self.units


def build_network(kind: str, points: int, size_px: int, group: ParameterGroup, seed: int) -> PublishedNet:
    """Return a network of `plan.NETWORKS` for a group with Xavier's initial weights."""
    torch.manual_seed(seed)
    units = 0.5 * torch.tensor([group.half_ranges[n] for n in group.parameters], dtype=torch.float32)
    if kind == "local":
        net: PublishedNet = LocalNet(points, units)
    elif kind == "global":
        net = GlobalNet(size_px, units)
    elif kind == "linear":
        net = LinearNet(points, size_px, units)
    else:
        raise InputError(f"expected a network of {', '.join(NETWORKS)}, got {kind!r}")
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net


def weight_count(net: nn.Module) -> int:
    """Return the number of weights as the paper counts them: no biases, no output layer."""
    return sum(
        int(np.prod(value.shape))
        for name, value in net.named_parameters()
        if name.endswith("weight") and not name.startswith("output")
    )
