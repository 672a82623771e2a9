"""The loss: how far eight points of the object move, in percent of its size, so that mm and rad need no weights.

With e the residual's error (mm, rad), a point p of the object in the canonical camera moves by

    m = (e_x, e_y, e_z) + (e_alpha, e_beta, e_theta) x p,        in the image by  m_xy - p_xy / (range + p_z) m_z

to first order. The loss is the mean over the corners of the object's box of the image part, plus `DEPTH_WEIGHT` times
the length of m. Without the second term the network would not learn what one image hardly shows.
"""

import numpy as np
import torch
from torch import Tensor

from fluoropose.arrays import Points
from fluoropose.drr.atlas import Atlas
from fluoropose.registration.regression.residual import residual_units

__all__ = ["PointLoss", "corner_table"]

DEPTH_WEIGHT = 0.15
_SMOOTH_PERCENT = 0.02


def corner_table(atlas: Atlas, corners_mm: Points) -> Tensor:
    """Return the corners about the object's centre in each view's canonical camera, (views, 8, 3) mm."""
    about = corners_mm - atlas.view.centre_mm
    table = np.stack([about @ atlas.rotation(index).T for index in range(atlas.grid.count)])
    return torch.from_numpy(table.astype(np.float32))


class PointLoss:
    """The loss of scaled residuals against true residuals, in percent of the object's size."""

    def __init__(self, atlas: Atlas, corners_mm: Points) -> None:
        """Prepare for one case."""
        view = atlas.view
        self.range_mm = view.range_mm
        self.size_mm = float(np.linalg.norm(np.ptp(corners_mm, axis=0)))
        self.corners = corner_table(atlas, corners_mm)
        self.scales = torch.from_numpy(residual_units(view)).float()

    def moves(self, errors: Tensor, view_index: Tensor) -> tuple[Tensor, Tensor]:
        """Return image and spatial moves of the corners in percent of size, each (batch,), for errors (batch, 6)."""
        p = self.corners[view_index]
        omega = errors[:, None, [4, 5, 3]].expand_as(p)
        moved = errors[:, None, :3] + torch.cross(omega, p, dim=2)
        image = moved[..., :2] - p[..., :2] / (self.range_mm + p[..., 2:]) * moved[..., 2:]
        to_percent = 100.0 / self.size_mm
        return _smooth_norm(image * to_percent).mean(dim=1), _smooth_norm(moved * to_percent).mean(dim=1)

    def point_loss(self, predicted: Tensor, truth: Tensor, view_index: Tensor, turns: Tensor) -> Tensor:
        """Return the loss (batch,) of scaled predictions (batch, 6), of alpha and beta where `turns` is 1."""
        errors = predicted * self.scales - truth
        errors = torch.cat([errors[:, :4], errors[:, 4:] * turns[:, None]], dim=1)
        image, space = self.moves(errors, view_index)
        return image + DEPTH_WEIGHT * space


def _smooth_norm(vectors: Tensor) -> Tensor:
    """Return the lengths of vectors, with a gradient at zero."""
    return torch.sqrt((vectors * vectors).sum(dim=-1) + _SMOOTH_PERCENT**2) - _SMOOTH_PERCENT
