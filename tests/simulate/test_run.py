"""The simulator: physics by hand, runs that do not depend on how they are computed, nothing shared with training."""

import ast
from pathlib import Path

import numpy as np
import pytest

import fluoropose.simulate
from fluoropose.drr.reference import ReferenceRenderer
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.objects.shapes import voxelise
from fluoropose.simulate.anatomy import anatomy_lines, random_anatomy
from fluoropose.simulate.motion import DEFAULT_REACH, random_motion
from fluoropose.simulate.physics import Detector, expose
from fluoropose.simulate.run import Scene, object_lines, simulate_run
from support.cases import small_parts

MEAN = np.array([0.0, 0.0, 900.0, 0.0, 0.0, 0.0])


@pytest.fixture
def scene(small_case, camera, rng):
    volume = voxelise(small_parts(), np.array([18.0, 10.0, 21.0]), 1.0)
    return Scene(volume, small_case.pose_frame, camera, Detector(), random_anatomy(rng, 50.0), 0.7)


def test_the_region_of_interest_changes_nothing(scene):
    pose = pose_from_six(MEAN + [5, -3, 20, 10, 5, 5], scene.frame)
    whole = ReferenceRenderer(scene.volume, 0.7).render(scene.camera, pose)
    np.testing.assert_allclose(object_lines(scene.volume, scene.camera, pose, 0.7), whole, atol=1e-3)


def test_an_object_outside_the_frame_leaves_it_empty(scene):
    pose = pose_from_six(MEAN + [900, 0, 0, 0, 0, 0], scene.frame)
    assert not object_lines(scene.volume, scene.camera, pose, 0.7).any()


def test_a_run_is_smooth_within_reach_and_independent_of_the_workers(scene, rng):
    motion, other = random_motion(MEAN, rng), random_motion(MEAN, rng)
    path = np.array([motion.evaluate(t) for t in np.arange(0, 20, 1 / 30)])
    assert (np.abs(path - MEAN) <= DEFAULT_REACH + 1e-9).all()
    assert (np.abs(np.diff(path, axis=0)) < 0.08 * DEFAULT_REACH).all()
    runs = [simulate_run(scene, motion, other, 3, 15.0, 5, workers=n) for n in (1, 3)]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)
    assert runs[0][1].time_s == pytest.approx(1 / 15)


def test_dense_is_dark_and_the_beam_hardens(rng):
    shape = (64, 64)
    quiet = Detector(open_counts=1e7, scatter=0.0, blur_px=0.01, aperture=9.0, dark_share=0.0)
    zero = np.zeros(shape)
    steps = zero.copy()
    steps[20:40], steps[40:] = 1.0, 2.0
    frame = expose(steps, zero, zero, quiet, rng).astype(float)
    open_beam, one, two = frame[5:15].mean(), frame[25:35].mean(), frame[45:60].mean()
    first, second = np.log(open_beam / one), np.log(one / two)
    assert first > second > 0.3


def test_the_collimator_and_the_bits(rng):
    zero = np.zeros((64, 64))
    for bits, dtype in ((8, np.uint8), (12, np.uint16), (16, np.uint16)):
        frame = expose(zero, zero, zero, Detector(bits=bits, aperture=0.5, scatter=0.0), rng)
        assert frame.dtype == dtype
        assert frame.max() < 2**bits
        assert frame[0, 0] < 0.1 * frame[32, 32]


def test_noise_is_quantum_noise(rng):
    zero = np.zeros((128, 128))
    sharp = Detector(open_counts=4000.0, scatter=0.0, blur_px=0.01, aperture=9.0, electronic_counts=0.0)
    frame = expose(zero, zero, zero, sharp, rng).astype(float)
    assert frame.std() / frame.mean() == pytest.approx(1 / np.sqrt(4000.0), rel=0.1)


def test_anatomy_moves_on_its_own(scene):
    first, second = (pose_from_six(MEAN + [x, 0, 0, 0, 0, 0], scene.frame) for x in (0.0, 15.0))
    tissue, bone = anatomy_lines(scene.anatomy, scene.camera, first)
    assert tissue.shape == bone.shape == (96, 128)
    assert tissue.max() > 1.0
    assert bone.max() > 0.1
    assert not np.allclose(bone, anatomy_lines(scene.anatomy, scene.camera, second)[1])


def test_the_simulator_shares_no_code_with_training_or_the_fast_renderer():
    for path in Path(fluoropose.simulate.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            module = getattr(node, "module", None) or ""
            assert "train" not in module, path
            assert module != "fluoropose.drr.cpu", path


def test_a_limb_is_as_thick_from_every_side_and_a_trunk_is_not():
    trunk, limb = (
        random_anatomy(np.random.default_rng(3), 60.0, limb=limb).tissue[0].semi_axes_mm for limb in (False, True)
    )
    assert trunk[0] == 180.0
    assert limb[0] == pytest.approx(1.25 * limb[1])
    np.testing.assert_array_equal(trunk[1:], limb[1:])
