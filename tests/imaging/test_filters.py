"""Filters: compiled and plain agree, and each does to a known picture what its name says."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fluoropose.imaging.filters import (
    BINOMIAL,
    block_mean,
    block_mean_twin,
    blur,
    blur_into,
    blur_twin,
    box_mean,
    box_mean_twin,
    gradients,
    gradients_twin,
    local_contrast,
    local_contrast_twin,
    local_deviation,
    pool_blocks,
    slope_along,
    slope_down,
)


def bell(count, sigma_px):
    """Return the weights of a Gaussian from the middle on."""
    half = np.exp(-0.5 * (np.arange(count) / sigma_px) ** 2)
    return (half / (2.0 * half.sum() - 1.0)).astype(np.float32)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("count", range(2, 14))
def test_a_blur_is_its_twin(rng, count, mirrored):
    weights = rng.random(count).astype(np.float32)
    weights /= 2.0 * weights.sum() - weights[0]
    for shape in ((40, 31), (13, 13), (14, 60)):
        image = rng.random(shape).astype(np.float32)
        wanted = blur_twin(image, weights, mirrored)
        np.testing.assert_allclose(blur(image, weights, mirrored), wanted, atol=1e-6)
        out = np.empty_like(image)
        blur_into(image, weights, mirrored, out)
        np.testing.assert_array_equal(out, blur(image, weights, mirrored))


def test_the_border_goes_on_with_its_last_pixels_unless_mirrored(rng):
    image = rng.random((20, 24)).astype(np.float32)
    weights = bell(7, 1.5)
    for mirrored, mode in ((False, "nearest"), (True, "reflect")):
        wanted = gaussian_filter(image.astype(np.float64), 1.5, mode=mode, radius=6)
        np.testing.assert_allclose(blur(image, weights, mirrored), wanted, atol=1e-6)
    np.testing.assert_array_equal(blur(image, weights), blur(image, weights, False))


def test_a_blur_keeps_an_even_picture_and_the_image_that_is_given(rng):
    even = np.full((20, 20), 3.0, np.float32)
    np.testing.assert_allclose(blur(even, BINOMIAL), 3.0, rtol=1e-6)
    image = rng.random((20, 20)).astype(np.float32)
    before = image.copy()
    blur(image, bell(4, 1.0), True)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("reach", [1, 2, 4, 6, 12])
def test_a_box_mean_is_its_twin(rng, reach):
    for shape in ((40, 31), (13, 60)):
        image = rng.random(shape).astype(np.float32)
        np.testing.assert_allclose(box_mean(image, reach), box_mean_twin(image, reach), atol=1e-5)


def test_a_box_mean_is_the_mean_of_the_box(rng):
    image = rng.random((20, 20)).astype(np.float32)
    assert box_mean(image, 3)[10, 8] == pytest.approx(image[7:14, 5:12].mean(), abs=1e-6)
    assert box_mean(image, 1)[0, 0] == pytest.approx(np.pad(image, 1, mode="edge")[:3, :3].mean(), abs=1e-6)


def test_gradients_are_their_twin(rng):
    for shape in ((40, 31), (2, 2), (3, 50)):
        image = rng.random(shape).astype(np.float32)
        np.testing.assert_allclose(gradients(image), gradients_twin(image), atol=1e-6)


def test_a_slope_is_the_gradient_at_a_pixel_that_is_not_at_the_border(rng):
    image = rng.random((9, 7)).astype(np.float32)
    down, along = gradients_twin(image)
    assert slope_down(image, 4, 3) == pytest.approx(down[4, 3], abs=1e-6)
    assert slope_along(image, 4, 3) == pytest.approx(along[4, 3], abs=1e-6)


def test_local_contrast_sees_neither_gain_nor_offset_and_is_bounded(rng):
    image = rng.random((64, 64)).astype(np.float32)
    found = local_contrast(image, 8)
    np.testing.assert_allclose(local_contrast(3.0 * image + 7.0, 8), found, atol=2e-3)
    image[30, 30] = 1e4
    assert np.abs(local_contrast(image, 8)).max() == 4.0


@pytest.mark.parametrize("block", [4, 8])
def test_a_local_contrast_is_its_twin_and_leaves_the_picture_as_it_is(rng, block):
    image = (rng.standard_normal((48, 64)) * np.linspace(0.1, 3.0, 64)).astype(np.float32)
    image[10, 20] = 50.0
    before = image.copy()
    np.testing.assert_allclose(local_contrast(image, block), local_contrast_twin(image, block), atol=1e-5)
    np.testing.assert_array_equal(image, before)


def test_a_local_deviation_is_that_of_the_noise_there_and_never_0(rng):
    noise = rng.standard_normal((128, 128)).astype(np.float32)
    noise[:, 64:] *= 3.0
    found = local_deviation(noise, 8)
    assert np.median(found[16:-16, 16:40]) == pytest.approx(np.hypot(1.0, np.sqrt(0.5)), rel=0.15)
    assert np.median(found[16:-16, 88:112]) == pytest.approx(np.hypot(3.0, np.sqrt(0.5)), rel=0.15)
    assert local_deviation(np.ones((64, 64), np.float32), 8).min() > 0.0


@pytest.mark.parametrize("block", [4, 8])
def test_a_block_mean_is_its_twin(rng, block):
    for shape in ((64, 48), (2 * block, 5 * block), (128, 128)):
        image = rng.standard_normal(shape).astype(np.float32)
        np.testing.assert_allclose(block_mean(image, block), block_mean_twin(image, block), atol=2e-6)


def test_a_block_mean_keeps_even_pictures_and_ramps():
    np.testing.assert_allclose(block_mean(np.full((64, 48), 2.0, np.float32), 8), 2.0, rtol=1e-6)
    ramp = np.broadcast_to(np.arange(64, dtype=np.float32), (64, 64))
    np.testing.assert_allclose(block_mean(ramp, 8)[:, 16:48], ramp[:, 16:48], atol=1e-4)


def test_pooled_blocks_are_their_means(rng):
    image = rng.random((12, 8)).astype(np.float32)
    found = pool_blocks(image, 4)
    assert found.shape == (3, 2)
    assert found[1, 1] == pytest.approx(image[4:8, 4:8].mean(), abs=1e-6)
