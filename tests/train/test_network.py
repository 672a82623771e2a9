"""The equations: what a cell's numbers mean, against the geometry they stand for."""

import numpy as np
import pytest
import torch

from fluoropose.geometry.rotation import from_zxy
from fluoropose.registration.regression.residual import RESIDUAL_SCALES
from fluoropose.train.network import EquationNet, NetworkShape, build_net
from fluoropose.train.profiles import STAGES

SIZE_PX, FIELD_MM, RANGE_MM = 128, 100.0, 900.0


def shifts_px(residual, places_px):
    """Return how far points in the plane of the object's centre move in the canonical picture, (n, 2)."""
    per_px = FIELD_MM / SIZE_PX
    flat = (places_px - (SIZE_PX - 1) / 2) * per_px
    points = np.column_stack([flat, np.zeros(len(flat))]) @ from_zxy(*residual[3:]).T
    points = points + residual[:3]
    return (points[:, :2] * RANGE_MM / (RANGE_MM + points[:, 2:]) - flat) / per_px


@pytest.mark.parametrize("pool", [1, 2])
def test_equations_give_back_the_motion_that_they_describe(rng, pool):
    """Each cell says how far its place moved along a direction of its own; the solution is the residual."""
    net = EquationNet(NetworkShape(pool, (8, 8, 8)), SIZE_PX)
    cells = SIZE_PX // pool // 4
    across = 4.0 * pool * np.arange(cells) + (pool - 1) / 2
    rows, columns = np.meshgrid(across, across, indexing="ij")
    residual = np.array([0.3, -0.2, 4.0, 0.004, 0.0, 0.0])
    moved = shifts_px(residual, np.column_stack([columns.ravel(), rows.ravel()])).reshape(cells, cells, 2)
    equations = rng.normal(size=(1, 5, 3, cells, cells))
    unit_px = RESIDUAL_SCALES[0] * SIZE_PX
    equations[:, 4] = equations[:, 0] * moved[..., 0] / unit_px + equations[:, 1] * moved[..., 1] / unit_px
    information, vector = net.sum_equations(torch.from_numpy(equations.reshape(1, 15, cells, cells)).float())
    found = torch.linalg.solve(information - torch.diag(torch.exp(net.log_prior)), vector[..., None]).detach()[0, :, 0]
    scales = np.array(RESIDUAL_SCALES) * [FIELD_MM, FIELD_MM, RANGE_MM, 1, 1, 1]
    assert (np.abs(found.numpy() * scales - residual) < [0.01, 0.01, 0.1, 1e-4, 2e-4, 2e-4]).all()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_an_object_alone_is_one_with_nothing_around_it(rng, stage):
    net = build_net(stage.shape, SIZE_PX).eval()
    frame, views = (torch.from_numpy(rng.random((2, n, SIZE_PX, SIZE_PX)).astype(np.float32)) for n in (1, 6))
    views[:, 5] = 0.0
    with torch.no_grad():
        torch.testing.assert_close(net(frame, views[:, :5]), net(frame, views), rtol=1e-4, atol=1e-4)
        views[:, 5] = views[:, 0].flip(1)
        assert not torch.allclose(net(frame, views[:, :5])[1], net(frame, views)[1], rtol=1e-2)


def test_more_trust_means_more_information(rng):
    """Equations twice as long say the same, four times as surely."""
    net = EquationNet(NetworkShape(2, (8, 8, 8)), SIZE_PX)
    equations = torch.from_numpy(rng.normal(size=(1, 15, 16, 16))).float()
    prior = torch.diag(torch.exp(net.log_prior))
    first, second = net.sum_equations(equations), net.sum_equations(2.0 * equations)
    torch.testing.assert_close(second[0] - prior, 4.0 * (first[0] - prior), rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(second[1], 4.0 * first[1], rtol=1e-4, atol=1e-2)
