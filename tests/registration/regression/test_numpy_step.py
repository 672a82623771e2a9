"""The NumPy twin of the whole step against ONNX Runtime, and its parts against hand-made numbers."""

import numpy as np
import pytest
import torch

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.attenuation import saturate
from fluoropose.imaging.filters import local_contrast
from fluoropose.imaging.sampling import normalised_homography, stack_frames, warp_frame
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.inference.stepper import OrtStepper
from fluoropose.registration.regression.numpy_step import NumpyStepper
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.regression.schedule import (
    DEFAULT_SCHEDULE,
    ViewRegression,
    follow_schedule,
    pose_estimate,
)
from fluoropose.train import network
from fluoropose.train.export import export_network
from fluoropose.train.profiles import STAGES
from support.numpy_net import as_numpy


def test_warping_by_whole_pixels_moves_them(rng):
    frame = rng.random((30, 40)).astype(np.float32)
    shift = np.array([[1.0, 0, 5.0], [0, 1.0, 3.0], [0, 0, 1.0]])
    found = warp_frame(frame, normalised_homography(shift, 30, 40), 16)
    np.testing.assert_allclose(found, frame[3:19, 5:21], atol=1e-5)


def test_local_contrast_sees_neither_gain_nor_offset(rng):
    image = rng.random((64, 64)).astype(np.float32)
    np.testing.assert_allclose(local_contrast(3.0 * image + 7.0, 8), local_contrast(image, 8), atol=2e-3)


@pytest.mark.parametrize("block", [4, 8])
def test_normalisation_is_the_networks(rng, block):
    image = rng.random((64, 64)).astype(np.float32)
    theirs = network.local_contrast(torch.from_numpy(image)[None, None], block)[0][0, 0].numpy()
    np.testing.assert_allclose(local_contrast(image, block), theirs, atol=1e-4)
    np.testing.assert_allclose(saturate(image), network.saturate(torch.from_numpy(image)).numpy(), atol=1e-6)


@pytest.fixture(scope="module")
def twins(small_case):
    return twins_of(small_case.atlas)


def twins_of(atlas):
    """Both steppers over the same random networks, statistics moved so that batch normalisation matters.

    Means stay near 0: those of 1 leave nothing of any picture, and then the answer is the same for all of them.
    """
    torch.manual_seed(3)
    models, networks = {}, {}
    for stage in STAGES:
        net = network.build_net(stage.shape, atlas.view.size_px)
        for name, buffer in net.named_buffers():
            if "running_var" in name:
                buffer.copy_(0.5 + torch.rand(buffer.shape))
            elif "running_mean" in name:
                buffer.copy_(0.1 * torch.randn(buffer.shape))
        models[stage.name] = export_network(net.eval(), network.step_geometry(atlas), f"{stage.name}.weights")
        networks[stage.name] = as_numpy(net, atlas)
    pictures = np.asarray(atlas.pictures)
    return OrtStepper(models, pictures, open_device("cpu", 2)), NumpyStepper(networks, pictures)


@pytest.mark.parametrize("stage", ["coarse", "fine"])
def test_the_onnx_step_agrees_with_the_twin(twins, small_case, camera, rng, stage):
    assert_agree(twins, small_case, camera, rng, stage)


def test_it_agrees_with_surroundings_too(surrounded_case, camera, rng):
    twins = twins_of(surrounded_case.atlas)
    for stage in ("coarse", "fine"):
        assert_agree(twins, surrounded_case, camera, rng, stage)


def assert_agree(twins, case, camera, rng, stage):
    other, frame = rng.random((2, camera.rows, camera.columns)).astype(np.float32)
    poses = [pose_from_six(np.array([3.0, -4, 890, 7, a, -3.0]), case.pose_frame) for a in (2.0, -9.0, 30.0)]
    looks = [align_view(pose, camera, case.atlas) for pose in poses]
    homographies = np.stack([normalised_homography(x.frame_from_canonical_px, *frame.shape) for x in looks])
    index = np.array([x.view_indices for x in looks])
    seen = []
    for stepper in twins:
        stepper.put_frames(np.stack([other, frame]))
        seen.append(stepper.step(stage, homographies, index, np.array([1, 0, 1])))
    scale = np.abs(seen[1].residuals).mean(axis=0)
    spread = np.ptp(seen[1].residuals, axis=0)
    assert (spread > 1e-3 * scale).all()  # the answer depends on the look
    np.testing.assert_allclose(np.ptp(seen[0].residuals, axis=0), spread, rtol=0.1)
    np.testing.assert_allclose(seen[0].residuals / scale, seen[1].residuals / scale, atol=2e-3)
    np.testing.assert_allclose(seen[0].sigmas, seen[1].sigmas, rtol=5e-3)
    np.testing.assert_allclose(seen[0].presence, seen[1].presence, atol=2e-3)


def test_a_whole_registration_agrees(twins, small_case, camera, rng):
    frame = rng.random((camera.rows, camera.columns)).astype(np.float32)
    start = pose_from_six(np.array([1.0, 2, 900, 3, 4, 5.0]), small_case.pose_frame)
    ends = []
    for stepper in twins:
        stepper.put_frames(frame[None])
        regression = ViewRegression(stepper, camera, small_case.atlas)
        end = follow_schedule(regression, start, DEFAULT_SCHEDULE[5:9], lambda: 0)
        ends.append(pose_estimate(end, small_case.atlas))
    assert not np.allclose(ends[0].camera_from_volume, start)
    np.testing.assert_allclose(ends[0].camera_from_volume, ends[1].camera_from_volume, atol=0.05)


def test_frames_may_change_size(twins, small_case, rng):
    stepper = twins[0]
    for shape in ((50, 60), (80, 70), (50, 60)):
        stepper.put_frames(rng.random((1, *shape)).astype(np.float32))
        seen = stepper.step("fine", np.eye(3)[None], np.arange(5)[None], np.zeros(1, np.int64))
        assert np.isfinite(seen.residuals).all()


def test_frames_of_one_instant_may_differ_in_size(twins, small_case, camera, rng):
    small, large = rng.random((40, 60)).astype(np.float32), rng.random((70, 50)).astype(np.float32)
    stepper = twins[0]
    both = stack_frames([small, large])
    assert both.shape == (2, 70, 60)
    np.testing.assert_array_equal(both[0, 40:, :], np.repeat(small[-1:], 30, axis=0))
    seen = []
    for frames, index in ((small[None], 0), (both, 0)):
        # A look at the middle of the small frame, well within it: what lies beyond it is never seen.
        to_px = np.array([[0.2, 0.0, 20.0], [0.0, 0.1, 12.0], [0.0, 0.0, 1.0]])
        stepper.put_frames(frames)
        homography = normalised_homography(to_px, *frames.shape[1:])
        seen.append(stepper.step("fine", homography[None], np.arange(5)[None], np.array([index])))
    np.testing.assert_allclose(seen[0].residuals, seen[1].residuals, rtol=1e-4, atol=1e-5)


def test_another_stepper_has_frames_of_its_own(twins, rng):
    first = twins[1]
    other = first.another()
    whole = np.array([[2 / 127, 0.0, -1.0], [0.0, 2 / 127, -1.0], [0.0, 0.0, 1.0]])
    looked_at = whole[None], np.arange(5)[None], np.zeros(1, np.int64)
    frames = rng.random((2, 1, 40, 50)).astype(np.float32)
    first.put_frames(frames[0])
    before = first.step("coarse", *looked_at)
    other.put_frames(frames[1])
    np.testing.assert_array_equal(first.step("coarse", *looked_at).residuals, before.residuals)
    assert not np.allclose(other.step("coarse", *looked_at).residuals, before.residuals)
