"""Channels of cached views: kept by their pictures, and computed anew where a picture was written since."""

import numpy as np
import pytest

from fluoropose.drr.prepare import open_view_cache
from fluoropose.drr.view_cache import CacheSettings
from fluoropose.inference.onnx_runtime import Device, open_parts, place
from fluoropose.inference.stepper import OrtStepper
from fluoropose.inference.view_channels import ViewChannels
from fluoropose.train.export import export_network
from fluoropose.train.network import NetworkShape, StepGeometry, build_net

SIZE_PX = 64
CPU = Device("cpu", 1)
SHAPES = {"coarse": NetworkShape(2, (8, 8, 8), equations=0), "fine": NetworkShape(2, (4, 8, 8), 8)}


@pytest.fixture(scope="module")
def models():
    geometry = StepGeometry(SIZE_PX, 5)
    return {
        name: export_network(build_net(shape, SIZE_PX), geometry, f"{name}.weights") for name, shape in SHAPES.items()
    }


@pytest.fixture
def pictures(rng):
    return rng.random((12, SIZE_PX, SIZE_PX)).astype(np.float16)


@pytest.fixture
def channels(models, pictures):
    return ViewChannels(open_parts(models["fine"], CPU)[0], place(pictures[:, None], CPU), most=2)


def looks(first):
    return np.arange(first, first + 5)


def test_channels_are_computed_once_and_the_ones_used_longest_ago_make_room(channels):
    first = channels.of(looks(0))
    assert all(one is other for one, other in zip(first, channels.of(looks(0)), strict=True))
    channels.of(looks(1))
    assert channels.of(looks(0))[0] is first[0]
    channels.of(looks(2))
    assert channels.of(looks(0))[0] is first[0]
    channels.of(looks(3))
    channels.of(looks(4))
    assert channels.of(looks(0))[0] is not first[0]


def test_a_picture_that_was_written_since_is_looked_at_again(channels, pictures):
    channels.stamps = np.zeros(len(pictures), np.int64)
    before = channels.of(looks(0))
    pictures[0] = pictures[11]
    channels.stamps[11] += 1
    assert channels.of(looks(0))[0] is before[0]
    channels.stamps[0] += 1
    after = channels.of(looks(0))
    assert any(np.abs(one - other).max() > 0.1 for one, other in zip(before, after, strict=True))


def test_a_cache_of_views_counts_how_often_it_writes_a_picture(small_case):
    cache = open_view_cache(small_case, CacheSettings(budget_bytes=1))
    capacity = len(cache.stamps)
    before = cache.stamps.copy()
    slots = cache.hold(range(capacity))
    written = np.flatnonzero(cache.stamps != before)
    assert set(written) <= set(slots)
    cache.hold(range(capacity, capacity + 5))
    assert cache.stamps.sum() - before.sum() == len(written) + 5


def test_bytes_are_those_of_all_that_is_kept(channels):
    kept = [channels.of(looks(first)) for first in (0, 1)]
    assert channels.most_bytes == sum(one.nbytes for view in kept for one in view)


@pytest.mark.parametrize("threads", [1, 2])
def test_steps_with_kept_channels_are_those_of_the_whole_graph(models, pictures, rng, threads):
    device = Device("cpu", threads)
    whole = {name: type(one)(one.full, one.warped, one.weights) for name, one in models.items()}
    parts, plain = (OrtStepper(these, pictures, device) for these in (models, whole))
    parts.follow_pictures(np.zeros(len(pictures), np.int64))
    assert parts.cache_bytes > 0
    assert plain.cache_bytes == 0
    homography = np.array([[2 / SIZE_PX, 0.0, -1.0], [0.0, 2 / SIZE_PX, -1.0], [0.0, 0.0, 1.0]])
    for _ in range(2):
        frames = rng.random((2, 40, 50)).astype(np.float32)
        index = rng.integers(0, 12, (2, 5))
        for one in (parts, plain):
            one.put_frames(frames)
        for stage in SHAPES:
            found, wanted = (one.step(stage, np.stack([homography] * 2), index, np.arange(2)) for one in (parts, plain))
            np.testing.assert_allclose(found.residuals, wanted.residuals, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(found.presence, wanted.presence, rtol=1e-5, atol=1e-6)
