"""The loss: the motion of the corners, in percent of the object's size."""

import numpy as np
import pytest
import torch

from fluoropose.geometry.canonical import pose_from_canonical
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import from_zxy
from fluoropose.train.loss import PointLoss


def test_the_loss_is_the_motion_of_the_corners(small_case):
    """Against the exact motion of the corners for a small error, in percent of the object's size."""
    loss = PointLoss(small_case.atlas, small_case.corners_mm)
    view, index = small_case.atlas.view, 10
    error = np.array([0.3, -0.2, 2.0, 0.004, 0.003, -0.005])
    image, space = loss.moves(torch.tensor(error[None], dtype=torch.float32), torch.tensor([index]))
    still = pose_from_canonical(np.eye(3), small_case.atlas.rotation(index), np.array([0, 0, view.range_mm]), view)
    turned = from_zxy(*error[3:]) @ small_case.atlas.rotation(index)
    moved = pose_from_canonical(np.eye(3), turned, error[:3] + [0, 0, view.range_mm], view)
    before, after = (transform(pose, small_case.corners_mm) for pose in (still, moved))
    to_percent = 100.0 / small_case.size_mm
    exact_space = np.linalg.norm(after - before, axis=1).mean() * to_percent
    seen = [p[:, :2] / p[:, 2:] * before[:, 2:] for p in (before, after)]
    exact_image = np.linalg.norm(seen[1] - seen[0], axis=1).mean() * to_percent
    assert float(space[0]) == pytest.approx(exact_space, rel=0.03)
    assert float(image[0]) == pytest.approx(exact_image, rel=0.06)


def test_the_loss_does_not_ask_for_angles_that_are_not_taught(small_case):
    loss = PointLoss(small_case.atlas, small_case.corners_mm)
    truth, index = torch.zeros(2, 6), torch.tensor([10, 10])
    wrong = torch.tensor([[0.0, 0, 0, 0, 0.5, 0.5]]).repeat(2, 1)
    found = loss.point_loss(wrong, truth, index, torch.tensor([0.0, 1.0]))
    assert float(found[0]) < 1e-3
    assert float(found[1]) > 1.0
