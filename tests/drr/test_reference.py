"""The renderers against closed-form line integrals, and against each other."""

from functools import cache

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.cuda import CudaPlaneRenderer, CudaRenderer
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.reference import ReferenceRenderer, box_interval
from fluoropose.geometry.rigid import rigid
from fluoropose.imaging.phantom import voxelise_bodies
from support.cuda import needs_cuda
from support.renderings import BODIES, CAMERA, POSE, SMALL_CAMERA, exact_line_integrals

STEPPING = {"reference": ReferenceRenderer, "cpu": CpuRenderer, "cuda": CudaRenderer}
BY_PLANES = {
    "planes": lambda volume, step_mm: PlaneRenderer(volume),
    "cuda-planes": lambda volume, step_mm: CudaPlaneRenderer(volume),
}
BACKENDS = STEPPING | BY_PLANES
CAMERAS = {"cuda": SMALL_CAMERA, "cuda-planes": SMALL_CAMERA}
STEPS_PER_VOXEL = {"cuda": 1}


def each_of(backends):
    """Return the backends as parameters; those on CUDA need it."""
    return [pytest.param(name, marks=needs_cuda if name.startswith("cuda") else ()) for name in backends]


@cache
def voxelised(name, spacing_mm):
    """A body on a grid; making it takes longer than what any renderer does with it."""
    count = round(44.0 / spacing_mm)
    return voxelise_bodies([BODIES[name]], (count, count, count), spacing_mm, 3)


def relative_error(backend, name, spacing_mm, step_mm):
    camera = CAMERAS.get(backend, CAMERA)
    image = BACKENDS[backend](voxelised(name, spacing_mm), step_mm).render(camera, POSE)
    truth = exact_line_integrals(BODIES[name], camera)
    # Rays that graze a body see the voxels' size, not the integration: they are left to the convergence below.
    through = truth > 0.5 * truth.max()
    whole = float(np.abs(image - truth).sum() / truth.sum())
    return float((np.abs(image - truth) / np.maximum(truth, 1e-9))[through].mean()), whole


@pytest.mark.parametrize("backend", each_of(BACKENDS))
@pytest.mark.parametrize("name", BODIES)
def test_closed_forms_are_met_to_half_a_percent_and_approached(backend, name):
    errors = [
        relative_error(backend, name, spacing, spacing / STEPS_PER_VOXEL.get(backend, 2)) for spacing in (1.6, 0.8, 0.4)
    ]
    assert errors[2][0] < 0.005
    for through_or_whole in (0, 1):
        assert errors[0][through_or_whole] > errors[1][through_or_whole] > errors[2][through_or_whole]


@pytest.mark.parametrize("backend", each_of(STEPPING))
def test_the_integral_converges_with_the_step(backend):
    volume = voxelise_bodies([BODIES["sphere"]], (44, 44, 44), 1.0, 3)
    camera = CAMERAS.get(backend, CAMERA)
    fine = ReferenceRenderer(volume, 0.05).render(camera, POSE)
    errors = [np.abs(STEPPING[backend](volume, step).render(camera, POSE) - fine).mean() for step in (4.0, 1.0, 0.25)]
    assert errors[0] > errors[1] > errors[2]


@pytest.mark.parametrize("backend", each_of(BACKENDS))
def test_rays_that_miss_are_zero_and_units_do_not_matter(backend):
    volume, camera = voxelise_bodies([BODIES["sphere"]], (22, 22, 22), 2.0, 2), CAMERAS.get(backend, CAMERA)
    away = rigid(np.eye(3), np.array([900.0, 0.0, 800.0]))
    assert not BACKENDS[backend](volume, 1.0).render(camera, away).any()
    behind = rigid(np.eye(3), np.array([0.0, 0.0, -800.0]))
    assert not BACKENDS[backend](volume, 1.0).render(camera, behind).any()


def test_the_interval_by_hand():
    # From (1, 1, -10) along +z with slope 0.5 voxels per mm, the box [0, 4]^3 is met from 20 to 28 mm of depth.
    near, far = box_interval(np.array([1.0, 1.0, -10.0]), np.array([[0.0, 0.0, 0.5]]), np.full(3, 4.0))
    np.testing.assert_allclose([near[0], far[0]], [20.0, 28.0])
