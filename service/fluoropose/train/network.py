"""The regressor networks (torch): a frame in the canonical view beside the cached view, residuals out.

Images are float32 (batch, 1, size, size) line integrals; outputs are scaled residuals, see `RESIDUAL_SCALES`.
The normalisation is part of the network so that ONNX carries it; `pehl.numpy_step` is its NumPy twin.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    "NetworkShape",
    "RESIDUAL_SCALES",
    "RegressorNet",
    "StepModel",
    "local_contrast",
    "residual_units",
    "saturate",
]

RESIDUAL_SCALES = (0.02, 0.02, 0.02, 0.05, 0.08, 0.08)
"""One unit of output: 2 % of the field (x, y), 2 % of the range (z), rad for the angles."""


def residual_units(field_mm: float, range_mm: float) -> Tensor:
    """Return what one unit of each output is in mm and rad, float32 (6,)."""
    spans = torch.tensor([field_mm, field_mm, range_mm, 1.0, 1.0, 1.0], dtype=torch.float32)
    return torch.tensor(RESIDUAL_SCALES, dtype=torch.float32) * spans


VIEW_FLOOR = 0.02
"""Transmission under which a detector sees scatter only; saturates the cached view as scatter does the frame."""


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """`pool` shrinks both images first; `widths` are the channels after each halving."""

    pool: int
    widths: tuple[int, ...]
    squeeze: int = 32
    hidden: int = 128


def saturate(line_integral: Tensor) -> Tensor:
    """Return line integrals as a detector with a scatter floor would show them."""
    return -torch.log(torch.exp(-line_integral) + VIEW_FLOOR)


def local_contrast(image: Tensor, block: int) -> Tensor:
    """Return (image - local mean) / local deviation, clipped to +-4: blind to gain, offset and slow shading."""
    mean = _smooth(image, block)
    detail = image - mean
    power = _smooth(detail * detail, block)
    floor = 0.1 * power.mean(dim=(2, 3), keepdim=True) + 1e-6
    return torch.clamp(detail / torch.sqrt(power + floor), -4.0, 4.0)


def _smooth(image: Tensor, block: int) -> Tensor:
    small = F.avg_pool2d(image, block)
    small = F.avg_pool2d(F.pad(small, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return F.interpolate(small, scale_factor=float(block), mode="bilinear", align_corners=False)


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.down_norm = nn.BatchNorm2d(outputs)
        self.same = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.same_norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.down_norm(self.down(x)))
        return F.relu(x + self.same_norm(self.same(x)))


class RegressorNet(nn.Module):
    """A trunk shared by the groups and a head for each; a further head tells how sure and whether it is there."""

    def __init__(self, shape: NetworkShape, size_px: int) -> None:
        """Build for canonical images of `size_px`."""
        super().__init__()
        self.shape = shape
        first, *rest = shape.widths
        self.stem = nn.Conv2d(3, first, 5, stride=2, padding=2, bias=False)
        self.stem_norm = nn.BatchNorm2d(first)
        widths = [first, *rest]
        self.blocks = nn.Sequential(*(_Block(a, b) for a, b in zip(widths[:-1], widths[1:], strict=True)))
        self.squeeze = nn.Conv2d(widths[-1], shape.squeeze, 1)
        side = size_px // shape.pool // 2 ** len(widths)
        flat = shape.squeeze * side * side
        self.in_plane_hidden = nn.Linear(flat, shape.hidden)
        self.out_of_plane_hidden = nn.Linear(flat, shape.hidden)
        self.in_plane_head = nn.Linear(shape.hidden, 4)
        self.out_of_plane_head = nn.Linear(shape.hidden, 2)
        self.quality_hidden = nn.Linear(2 * shape.hidden, 64)
        self.quality_head = nn.Linear(64, 7)

    def forward(self, frame: Tensor, cached: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return in-plane and depth (batch, 4), out-of-plane (batch, 2), quality (batch, 7).

        Quality is the log of the expected absolute error of each of the six, then the logit of "it is there".
        """
        cached = saturate(cached)
        if self.shape.pool > 1:
            frame = F.avg_pool2d(frame, self.shape.pool)
            cached = F.avg_pool2d(cached, self.shape.pool)
        block = 8 // self.shape.pool
        deviation = torch.sqrt(((cached - cached.mean(dim=(2, 3), keepdim=True)) ** 2).mean(dim=(2, 3), keepdim=True))
        shown = (cached - cached.mean(dim=(2, 3), keepdim=True)) / (deviation + 1e-4)
        x = torch.cat([local_contrast(frame, block), local_contrast(cached, block), shown], dim=1)
        x = F.relu(self.stem_norm(self.stem(x)))
        x = F.relu(self.squeeze(self.blocks(x))).flatten(1)
        in_plane = F.relu(self.in_plane_hidden(x))
        out_of_plane = F.relu(self.out_of_plane_hidden(x))
        both = torch.cat([in_plane, out_of_plane], dim=1).detach()
        quality = self.quality_head(F.relu(self.quality_hidden(both)))
        return self.in_plane_head(in_plane), self.out_of_plane_head(out_of_plane), quality


class StepModel(nn.Module):
    """One whole step for ONNX: warp the frame, fetch the cached view, regress; outputs in mm and rad."""

    def __init__(self, net: RegressorNet, size_px: int, field_mm: float, range_mm: float) -> None:
        """Wrap a trained network for canonical views of that size."""
        super().__init__()
        self.net = net
        self.size_px = size_px
        self.scales: Tensor
        self.pixels: Tensor
        self.register_buffer("scales", residual_units(field_mm, range_mm))
        rows, columns = torch.meshgrid(torch.arange(size_px), torch.arange(size_px), indexing="ij")
        ones = torch.ones(size_px * size_px)
        self.register_buffer("pixels", torch.stack([columns.flatten(), rows.flatten(), ones]).float())

    def forward(self, frame: Tensor, homography: Tensor, view_index: Tensor, atlas: Tensor) -> tuple[Tensor, ...]:
        """Return residuals (batch, 4) and (batch, 2), sigmas (batch, 6), mm and rad, and presence (batch, 1).

        `frame` (1, 1, rows, columns); `homography` (batch, 3, 3) from canonical to frame pixels scaled to [-1, 1];
        `view_index` int64 (batch,); `atlas` (views, 1, size, size) float16.
        """
        rays = homography @ self.pixels
        grid = (rays[:, :2] / rays[:, 2:]).transpose(1, 2).reshape(-1, self.size_px, self.size_px, 2)
        frames = frame.expand(grid.shape[0], -1, -1, -1)
        warped = F.grid_sample(frames, grid, mode="bilinear", padding_mode="border", align_corners=True)
        cached = atlas[view_index].float()
        in_plane, out_of_plane, quality = self.net(warped, cached)
        sigmas = torch.exp(quality[:, :6]) * self.scales
        return in_plane * self.scales[:4], out_of_plane * self.scales[4:], sigmas, torch.sigmoid(quality[:, 6:])
