"""The regressor networks (torch): a frame in the canonical view beside cached views, equations for the residual out.

Images are float32 (batch, channels, size, size) line integrals. At every cell of a grid the network predicts a few
linear equations for the scaled residual p (see `RESIDUAL_SCALES`). Each says that the picture there is off by e along a
direction n, and

    n . shift(p) + a p_alpha + b p_beta = e,

where shift(p) is how x, y, z and theta move the cell's place in the image, which is known. n, a, b and e are learnt;
the longer they are, the more the equation is trusted. All equations together are solved by least squares:
`information` is the sum of J J^T plus a prior, `vector` the sum of J e, the residual information^-1 vector.
The normalisation is part of the network so that ONNX carries it; `regression.numpy_step` is its NumPy twin.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fluoropose.drr.atlas import Atlas
from fluoropose.registration.regression.residual import residual_units

__all__ = [
    "AbstractNet",
    "CHANNELS",
    "EquationNet",
    "NetworkShape",
    "ResidualNet",
    "SURROUNDING_CHANNELS",
    "StepGeometry",
    "StepModel",
    "build_net",
    "local_contrast",
    "saturate",
    "step_geometry",
]

PRIOR = 3.0
"""Information on each scaled parameter before anything is seen (learnt on from there): offsets of about half a unit."""

NEIGHBOURS = 5
"""Pictures of a look that are of the object; one of the surroundings may follow."""

CHANNELS, SURROUNDING_CHANNELS = 5, 2
"""Inputs of the first convolution: of frame and views, and of the surroundings."""

VIEW_FLOOR = 0.02
"""Transmission under which a detector sees scatter only; saturates the cached view as scatter does the frame."""


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """`pool` shrinks the images first; `widths` are the channels after each halving.

    Cells are the pixels after the second halving; `mix` is the number of their channels, `equations` how many
    equations each predicts. With no equations the whole picture is read at once.
    """

    pool: int
    widths: tuple[int, ...]
    mix: int = 32
    equations: int = 3


def saturate(line_integral: Tensor) -> Tensor:
    """Return line integrals as a detector with a scatter floor would show them."""
    return -torch.log(torch.exp(-line_integral) + VIEW_FLOOR)


def local_contrast(image: Tensor, block: int) -> tuple[Tensor, Tensor]:
    """Return (image - local mean) / local deviation, clipped to +-4, and that deviation.

    The first is blind to gain, offset and slow shading.
    """
    mean = _smooth(image, block)
    detail = image - mean
    power = _smooth(detail * detail, block)
    deviation = torch.sqrt(power + 0.1 * power.mean(dim=(2, 3), keepdim=True) + 1e-6)
    return torch.clamp(detail / deviation, -4.0, 4.0), deviation


def _smooth(image: Tensor, block: int) -> Tensor:
    """Return the local mean: means of blocks, averaged over three blocks and interpolated."""
    small = F.avg_pool2d(image, block)
    small = F.avg_pool2d(F.pad(small, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return F.interpolate(small, scale_factor=float(block), mode="bilinear", align_corners=False)


class _Block(nn.Module):
    """Two convolutions, the first of which halves the picture; the second one's result is added to its input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.down_norm = nn.BatchNorm2d(outputs)
        self.same = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.same_norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.down_norm(self.down(x)))
        return F.relu(x + self.same_norm(self.same(x)))


def _make_channels(frame: Tensor, views: Tensor, pool: int) -> Tensor:
    """Return the local contrast of frame and cached view, the view as it is, and its change with alpha and beta.

    Where there are surroundings, two channels more: the surroundings, and the view added to them, both over the local
    deviation of that sum.
    """
    cached = views[:, :1]
    turned = torch.cat([views[:, 1:2] - views[:, 2:3], views[:, 3:4] - views[:, 4:5]], dim=1)
    through = torch.exp(-cached)
    turned = 0.5 * turned * through / (through + VIEW_FLOOR)
    view, cached = cached, saturate(cached)
    if pool > 1:
        frame, cached, turned = (F.avg_pool2d(image, pool) for image in (frame, cached, turned))
    centred = cached - cached.mean(dim=(2, 3), keepdim=True)
    shown = centred / (torch.sqrt((centred * centred).mean(dim=(2, 3), keepdim=True)) + 1e-4)
    contrast, deviation = local_contrast(cached, 8 // pool)
    turned = torch.clamp(turned / deviation, -4.0, 4.0)
    channels = [local_contrast(frame, 8 // pool)[0], contrast, shown, turned]
    if views.shape[1] > NEIGHBOURS:
        pair = torch.cat([views[:, NEIGHBOURS:], views[:, NEIGHBOURS:] + view], dim=1)
        channels.append(_contrast_of_surroundings(F.avg_pool2d(pair, pool) if pool > 1 else pair, 8 // pool))
    return torch.cat(channels, dim=1)


def _contrast_of_view(views: Tensor, pool: int) -> Tensor:
    """Return what `_contrast_of_surroundings` gives of a view without surroundings, less the first, which is zero."""
    view = F.avg_pool2d(views[:, :1], pool) if pool > 1 else views[:, :1]
    return local_contrast(view, 8 // pool)[0]


def _contrast_of_surroundings(pictures: Tensor, block: int) -> Tensor:
    """Return both pictures of a pair, each less its local mean and over the second one's local deviation.

    The pair is the surroundings, and the surroundings with the cached view.
    """
    contrast, deviation = local_contrast(pictures[:, 1:], block)
    surroundings = pictures[:, :1]
    detail = (surroundings - _smooth(surroundings, block)) / deviation
    return torch.cat([torch.clamp(detail, -4.0, 4.0), contrast], dim=1)


class AbstractNet(nn.Module, ABC):
    """A network of blocks that each halve the picture; subclasses differ in how they read the blocks' features."""

    def __init__(self, shape: NetworkShape, size_px: int) -> None:
        """Build the blocks for canonical images of `size_px`."""
        super().__init__()
        self.shape = shape
        self.deep_side = size_px // shape.pool // 2 ** len(shape.widths)
        widths = shape.widths
        self.stem = nn.Conv2d(CHANNELS + SURROUNDING_CHANNELS, widths[0], 5, stride=2, padding=2, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        self.blocks = nn.ModuleList(_Block(a, b) for a, b in zip(widths[:-1], widths[1:], strict=True))

    def forward(self, frame: Tensor, views: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return information (batch, 6, 6), vector (batch, 6) and the logit of presence (batch, 1), scaled.

        `frame` (batch, 1, size, size); `views` (batch, 5, size, size): the cached view and its neighbours, 2 degrees up
        and down in alpha, then in beta; (batch, 6, size, size) with the surroundings in the cached view.
        """
        equations, presence = self.predict_equations(frame, views)
        return *self.sum_equations(equations), presence

    @abstractmethod
    def predict_equations(self, frame: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
        """Return the equations and the logit of presence; this much may be computed in bfloat16."""

    @abstractmethod
    def sum_equations(self, equations: Tensor) -> tuple[Tensor, Tensor]:
        """Return information and vector, float32, of what `predict_equations` gave."""

    def extract_features(self, frame: Tensor, views: Tensor) -> list[Tensor]:
        """Return the features after each block; without surroundings as where there is nothing around the object."""
        x = _make_channels(frame, views, self.shape.pool)
        if views.shape[1] == NEIGHBOURS:
            x = torch.cat([x, _contrast_of_view(views, self.shape.pool)], dim=1)
            weight = torch.cat([self.stem.weight[:, :CHANNELS], self.stem.weight[:, CHANNELS + 1 :]], dim=1)
            x = F.conv2d(x, weight, stride=2, padding=2)
        else:
            x = self.stem(x)
        x = F.relu(self.stem_norm(x))
        features = []
        for block in self.blocks:
            x = block(x)
            features.append(x)
        return features


class ResidualNet(AbstractNet):
    """A network that reads the whole picture at once and predicts the residual and the residual's expected errors.

    It corrects poses that are too wrong for linear equations, and must be trained for its object.
    """

    def __init__(self, shape: NetworkShape, size_px: int) -> None:
        """Build for canonical images of `size_px`."""
        super().__init__(shape, size_px)
        self.squeeze = nn.Conv2d(shape.widths[-1], 32, 1)
        flat = 32 * self.deep_side**2
        self.in_plane_hidden = nn.Linear(flat, 128)
        self.out_of_plane_hidden = nn.Linear(flat, 128)
        self.in_plane_head = nn.Linear(128, 4)
        self.out_of_plane_head = nn.Linear(128, 2)
        self.quality_hidden = nn.Linear(256, 64)
        self.quality_head = nn.Linear(64, 7)
        self.eye: Tensor
        self.register_buffer("eye", torch.eye(6))

    def predict_equations(self, frame: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
        """Return the residual and the logs of its expected errors (batch, 12), and the logit of presence."""
        x = F.relu(self.squeeze(self.extract_features(frame, views)[-1])).flatten(1)
        in_plane, out_of_plane = F.relu(self.in_plane_hidden(x)), F.relu(self.out_of_plane_hidden(x))
        both = torch.cat([in_plane, out_of_plane], dim=1).detach()
        quality = self.quality_head(F.relu(self.quality_hidden(both)))
        heads = [self.in_plane_head(in_plane), self.out_of_plane_head(out_of_plane), quality[:, :6]]
        return torch.cat(heads, dim=1), quality[:, 6:]

    def sum_equations(self, equations: Tensor) -> tuple[Tensor, Tensor]:
        """Return six equations, one for each parameter."""
        weights = torch.exp(-2.0 * torch.clamp(equations[:, 6:], -5.0, 4.0))
        return weights[:, :, None] * self.eye, weights * equations[:, :6]


class EquationNet(AbstractNet):
    """A network that brings all features to one grid of cells, where each cell predicts equations."""

    def __init__(self, shape: NetworkShape, size_px: int) -> None:
        """Build for canonical images of `size_px`."""
        super().__init__(shape, size_px)
        widths = shape.widths
        self.laterals = nn.ModuleList(nn.Conv2d(width, shape.mix, 1) for width in widths[1:])
        self.mix = nn.Conv2d(shape.mix, shape.mix, 3, padding=1)
        self.equations = nn.Conv2d(shape.mix, 5 * shape.equations, 1)
        with torch.no_grad():
            for parameter in self.equations.parameters():
                parameter.mul_(0.3)
        self.log_prior = nn.Parameter(torch.full((6,), math.log(PRIOR)))
        self.squeeze = nn.Conv2d(widths[-1], 16, 1)
        self.presence_hidden = nn.Linear(16 * self.deep_side**2, 64)
        self.presence_head = nn.Linear(64, 1)
        self.columns: Tensor
        self.rows: Tensor
        self.eye: Tensor
        across = ((4.0 * torch.arange(size_px // shape.pool // 4) + 0.5) * shape.pool / (size_px / 2) - 1.0).float()
        rows, columns = torch.meshgrid(across, across, indexing="ij")
        self.register_buffer("rows", rows[None, None].contiguous())
        self.register_buffer("columns", columns[None, None].contiguous())
        self.register_buffer("eye", torch.eye(6))

    def predict_equations(self, frame: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
        """Return every cell's equations and the logit of presence."""
        features = self.extract_features(frame, views)
        y = F.relu(self.laterals[-1](features[-1]))
        for lateral, feature in zip(list(self.laterals)[-2::-1], features[-2::-1], strict=True):
            y = F.relu(lateral(feature) + F.interpolate(y, scale_factor=2.0, mode="nearest"))
        hidden = F.relu(self.presence_hidden(F.relu(self.squeeze(features[-1])).flatten(1)))
        return self.equations(F.relu(self.mix(y))), self.presence_head(hidden)

    def sum_equations(self, equations: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums over all cells' equations."""
        nx, ny, a, b, e = equations.split(self.shape.equations, dim=1)
        # A unit of x or y is 4 % of half the field, of z a 2 % smaller picture, of theta 0.05 rad: hence 1/2 and 5/4.
        away = -0.5 * (nx * self.columns + ny * self.rows)
        around = 1.25 * (ny * self.columns - nx * self.rows)
        jacobian = torch.stack([nx, ny, away, around, a, b], dim=1).flatten(2)
        information = jacobian @ jacobian.transpose(1, 2) + self.eye * torch.exp(self.log_prior)
        return information, (jacobian @ e.flatten(1)[:, :, None])[..., 0]


def build_net(shape: NetworkShape, size_px: int) -> AbstractNet:
    """Return a network of that shape, with random weights."""
    return (EquationNet if shape.equations else ResidualNet)(shape, size_px)


@dataclass(frozen=True, slots=True)
class StepGeometry:
    """What a step's graph holds of the views: their size, the pictures of a look, and what one unit of each output is.

    `per_step` scales the change from view to view to 2 degrees. `units` are in mm and rad; ones leave the outputs in
    units of the field and the range, for networks that serve any case.
    """

    size_px: int
    pictures: int
    per_step: float = 1.0
    units: tuple[float, ...] = (1.0,) * 6


def step_geometry(atlas: Atlas) -> StepGeometry:
    """Return the geometry of the steps of one case, whose outputs are in mm and rad."""
    units = tuple(float(unit) for unit in residual_units(atlas.view))
    return StepGeometry(atlas.view.size_px, NEIGHBOURS + atlas.has_surroundings, atlas.grid.per_step, units)


class StepModel(nn.Module):
    """One whole step for ONNX: warp the frame, fetch the cached views, sum the equations."""

    def __init__(self, net: AbstractNet, geometry: StepGeometry) -> None:
        """Wrap a trained network for views of one kind."""
        super().__init__()
        self.net = net
        self.size_px = size_px = geometry.size_px
        self.pictures = geometry.pictures
        self.per_step = geometry.per_step
        self.scales: Tensor
        self.pixels: Tensor
        self.register_buffer("scales", torch.tensor(geometry.units))
        rows, columns = torch.meshgrid(torch.arange(size_px), torch.arange(size_px), indexing="ij")
        ones = torch.ones(size_px * size_px)
        self.register_buffer("pixels", torch.stack([columns.flatten(), rows.flatten(), ones]).float())

    def forward(
        self, frames: Tensor, frame_index: Tensor, homography: Tensor, view_index: Tensor, atlas: Tensor
    ) -> tuple[Tensor, ...]:
        """Return information (batch, 6, 6), vector (batch, 6), per unit, and presence (batch, 1).

        `frames` (frames, 1, rows, columns) float16; `frame_index` int64 (batch,) the frame of each look; `homography`
        (batch, 3, 3) from canonical to frame pixels scaled to [-1, 1]; `view_index` int64 (batch, 5 or 6) the
        pictures of each look (`Atlas.picture_indices`); `atlas` (pictures, 1, size, size) float16.
        """
        rays = homography @ self.pixels
        grid = (rays[:, :2] / rays[:, 2:]).transpose(1, 2).reshape(-1, self.size_px, self.size_px, 2)
        seen = frames.index_select(0, frame_index).float()
        warped = F.grid_sample(seen, grid, mode="bilinear", padding_mode="border", align_corners=True)
        views = atlas[view_index.flatten()].float().reshape(-1, self.pictures, self.size_px, self.size_px)
        if self.per_step != 1.0:
            near = views[:, :1] + self.per_step * (views[:, :NEIGHBOURS] - views[:, :1])
            views = torch.cat([near, views[:, NEIGHBOURS:]], dim=1) if self.pictures > NEIGHBOURS else near
        information, vector, presence = self.net(warped, views)
        per_unit = 1.0 / self.scales
        information = information * per_unit[:, None] * per_unit[None, :]
        return information, vector * per_unit, torch.sigmoid(presence)
