"""The renderers against closed-form line integrals, and against each other."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.reference import ReferencePlanes, ReferenceRenderer, box_interval
from fluoropose.geometry.camera import camera_from_detector, ray_directions
from fluoropose.geometry.rigid import inverse, rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.phantom import Box, Ellipsoid, line_integrals, voxelise_bodies
from fluoropose.imaging.volume import Volume

STEPPING = {"reference": ReferenceRenderer, "cpu": CpuRenderer}
BACKENDS = STEPPING | {"planes": lambda volume, step_mm: PlaneRenderer(volume)}
CAMERA = camera_from_detector(40, 48, row_spacing_mm=1.6, column_spacing_mm=1.5, source_to_detector_mm=1000.0)
POSE = rigid(from_zxy(0.5, 0.3, -0.4), np.array([3.0, -2.0, 800.0]))
TURN = from_zxy(0.2, 0.7, -0.3)
BODIES = {
    "sphere": Ellipsoid(np.zeros(3), np.full(3, 16.0), np.eye(3), 0.03),
    "ellipsoid": Ellipsoid(np.array([1.0, -2.0, 0.5]), np.array([9.0, 13.0, 17.0]), TURN, 0.03),
    "box": Box(np.array([-1.0, 1.0, 0.0]), np.array([8.0, 11.0, 9.0]), TURN, 0.03),
}


def exact(body):
    volume_from_camera = inverse(POSE)
    directions = ray_directions(CAMERA) @ volume_from_camera[:3, :3].T
    return line_integrals([body], volume_from_camera[:3, 3], directions)


def relative_error(backend, body, spacing_mm, step_mm):
    count = round(44.0 / spacing_mm)
    volume = voxelise_bodies([body], (count, count, count), spacing_mm, 3)
    image = BACKENDS[backend](volume, step_mm).render(CAMERA, POSE)
    truth = exact(body)
    # Rays that graze a body see the voxels' size, not the integration: they are left to the convergence below.
    through = truth > 0.5 * truth.max()
    whole = float(np.abs(image - truth).sum() / truth.sum())
    return float((np.abs(image - truth) / np.maximum(truth, 1e-9))[through].mean()), whole


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", BODIES)
def test_closed_forms_are_met_to_half_a_percent_and_approached(backend, name):
    errors = [relative_error(backend, BODIES[name], spacing, spacing / 2) for spacing in (1.6, 0.8, 0.4)]
    assert errors[2][0] < 0.005
    for through_or_whole in (0, 1):
        assert errors[0][through_or_whole] > errors[1][through_or_whole] > errors[2][through_or_whole]


@pytest.mark.parametrize("backend", STEPPING)
def test_the_integral_converges_with_the_step(backend):
    volume = voxelise_bodies([BODIES["sphere"]], (44, 44, 44), 1.0, 3)
    fine = ReferenceRenderer(volume, 0.05).render(CAMERA, POSE)
    errors = [np.abs(STEPPING[backend](volume, step).render(CAMERA, POSE) - fine).mean() for step in (4.0, 1.0, 0.25)]
    assert errors[0] > errors[1] > errors[2]


def test_the_fast_renderer_equals_its_twin(rng):
    values = np.zeros((22, 25, 19), np.float32)
    values[1:-1, 1:-1, 1:-1] = rng.random((20, 23, 17)) * 0.05
    lps_from_index = rigid(from_zxy(0.1, -0.2, 0.3), np.array([-20.0, -18.0, -15.0])) @ np.diag([1.9, 1.6, 2.1, 1.0])
    volume = Volume(values, lps_from_index)
    fast = CpuRenderer(volume, 0.1).render(CAMERA, POSE)
    slow = ReferenceRenderer(volume, 0.1).render(CAMERA, POSE)
    assert slow.max() > 0.5
    np.testing.assert_allclose(fast, slow, atol=2e-3 * slow.max())


@pytest.mark.parametrize("turn", [(0.5, 0.3, -0.4), (0.1, 1.4, 0.2), (0.3, 0.1, 1.5), (-2.0, 0.6, 2.4)])
def test_the_renderer_by_planes_equals_its_twin(rng, turn):
    """Along each axis, up and down; the volume does not fade towards its sides."""
    volume = Volume(rng.random((22, 25, 19)) * 0.05, np.diag([1.9, 1.6, 2.1, 1.0]))
    rotation = from_zxy(*turn)
    pose = rigid(rotation, np.array([2.0, -3.0, 800.0]) - rotation @ (volume.lps_from_index @ [10.5, 12, 9, 1])[:3])
    fast = PlaneRenderer(volume).render(CAMERA, pose)
    slow = ReferencePlanes(volume).render(CAMERA, pose)
    assert slow.max() > 0.5
    np.testing.assert_allclose(fast, slow, atol=2e-3 * slow.max())


def test_planes_are_nearly_as_near_to_the_integral_as_steps_of_a_voxel():
    volume = voxelise_bodies(list(BODIES.values()), (44, 44, 44), 1.0, 3)
    fine = ReferenceRenderer(volume, 0.05).render(CAMERA, POSE)
    planes, steps = PlaneRenderer(volume).render(CAMERA, POSE), CpuRenderer(volume, 1.0).render(CAMERA, POSE)
    assert np.abs(planes - fine).mean() < 1.5 * np.abs(steps - fine).mean() < 5e-4 * fine.max()


@pytest.mark.parametrize("backend", BACKENDS)
def test_rays_that_miss_are_zero_and_units_do_not_matter(backend):
    volume = voxelise_bodies([BODIES["sphere"]], (22, 22, 22), 2.0, 2)
    away = rigid(np.eye(3), np.array([900.0, 0.0, 800.0]))
    assert not BACKENDS[backend](volume, 1.0).render(CAMERA, away).any()
    behind = rigid(np.eye(3), np.array([0.0, 0.0, -800.0]))
    assert not BACKENDS[backend](volume, 1.0).render(CAMERA, behind).any()


def test_the_interval_by_hand():
    # From (1, 1, -10) along +z with slope 0.5 voxels per mm, the box [0, 4]^3 is met from 20 to 28 mm of depth.
    near, far = box_interval(np.array([1.0, 1.0, -10.0]), np.array([[0.0, 0.0, 0.5]]), np.full(3, 4.0))
    np.testing.assert_allclose([near[0], far[0]], [20.0, 28.0])
