"""The sampler and what is warped with it: compiled and plain agree, inside, at the border and beyond it."""

import numpy as np
import pytest

from fluoropose.imaging.sampling import (
    bilinear_place,
    interpolate,
    normalised_homography,
    pixel_homography,
    sample_bilinear,
    sample_bilinear_twin,
    sample_or_zero,
    stack_frames,
    warp_frame,
    warp_into,
    warp_picture,
    warp_stack,
    warp_stack_twin,
    warp_supersampled,
    warp_supersampled_twin,
)

TO = np.array([[0.9, 0.1, -3.0], [-0.05, 1.1, 4.0], [1e-4, -2e-4, 1.0]])
"""A homography that leads beyond the border of 40 x 50 pixels on each side."""


def places(rng, rows, columns, count=200):
    """Return columns and rows of places in a picture and about it, with its corners and a middle among them."""
    x, y = rng.uniform(-4.0, columns + 3.0, count), rng.uniform(-4.0, rows + 3.0, count)
    corners = [(0.0, 0.0), (columns - 1.0, 0.0), (0.0, rows - 1.0), (columns - 1.0, rows - 1.0), (3.0, 5.0)]
    return np.concatenate([x, [u for u, _ in corners]]), np.concatenate([y, [v for _, v in corners]])


@pytest.mark.parametrize("shape", [(40, 50), (2, 2), (2, 30)])
def test_a_sample_is_its_twin(rng, shape):
    image = rng.random(shape).astype(np.float32)
    x, y = places(rng, *shape)
    found = [sample_bilinear(image, float(u), float(v)) for u, v in zip(x, y, strict=True)]
    np.testing.assert_allclose(found, sample_bilinear_twin(image, x, y), atol=1e-6)


def test_a_sample_at_a_pixel_is_the_pixel_and_beyond_the_border_that_of_the_border(rng):
    image = rng.random((9, 7)).astype(np.float32)
    assert sample_bilinear(image, 3.0, 5.0) == image[5, 3]
    assert sample_bilinear(image, -9.0, 5.0) == image[5, 0]
    assert sample_bilinear(image, 99.0, 99.0) == image[8, 6]
    assert interpolate(1.0, 2.0, 3.0, 4.0, 0.5, 0.5) == 2.5
    assert bilinear_place(9, 7, 6.0, 2.25) == (5, 2, 1.0, 0.25)


def test_a_sample_or_zero_is_the_twin_inside_and_0_outside(rng):
    image = rng.random((40, 50)).astype(np.float32) + 1.0
    x, y = places(rng, 40, 50)
    found = [sample_or_zero(image, float(u), float(v)) for u, v in zip(x, y, strict=True)]
    inside = (x >= 0) & (x <= 49) & (y >= 0) & (y <= 39)
    assert inside.any()
    assert not inside.all()
    np.testing.assert_allclose(found, np.where(inside, sample_bilinear_twin(image, x, y), 0.0), atol=1e-6)


@pytest.mark.parametrize("to", [TO, np.eye(3), np.diag([0.3, 3.0, 1.0])])
def test_a_warped_stack_is_its_twin(rng, to):
    images = rng.random((3, 40, 50)).astype(np.float32)
    found = warp_stack(images, to, 48, 36)
    assert found.shape == (3, 48, 36)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, warp_stack_twin(images, to, 48, 36), atol=1e-5)
    alone = np.empty((48, 36), np.float32)
    warp_into(images[1], to, alone)
    np.testing.assert_array_equal(alone, found[1])


def test_a_warped_picture_is_the_frame_through_the_normalised_homography(rng):
    frame = rng.random((40, 50)).astype(np.float32)
    plain = warp_frame(frame, normalised_homography(TO, 40, 50), 48)
    np.testing.assert_allclose(warp_picture(frame, TO, 48), plain, atol=1e-5)
    # Frames of another kind, or that are not contiguous, are taken too.
    np.testing.assert_array_equal(warp_picture(frame.astype(np.float64), TO, 48), warp_picture(frame, TO, 48))
    np.testing.assert_allclose(warp_picture(frame.T, TO, 48), warp_picture(frame.T.copy(), TO, 48))


def test_warping_by_whole_pixels_moves_them(rng):
    frame = rng.random((30, 40)).astype(np.float32)
    shift = np.array([[1.0, 0, 5.0], [0, 1.0, 3.0], [0, 0, 1.0]])
    np.testing.assert_array_equal(warp_picture(frame, shift, 16), frame[3:19, 5:21])


def test_normalised_and_pixel_homographies_are_each_others_inverse():
    np.testing.assert_allclose(pixel_homography(normalised_homography(TO, 40, 50), 40, 50), TO, atol=1e-12)
    corners = normalised_homography(np.eye(3), 40, 50) @ np.array([[0.0, 49.0], [0.0, 39.0], [1.0, 1.0]])
    np.testing.assert_allclose(corners, [[-1.0, 1.0], [-1.0, 1.0], [1.0, 1.0]], atol=1e-12)


def test_a_supersampled_picture_is_its_twin(rng):
    image = rng.random((40, 50)).astype(np.float32)
    np.testing.assert_allclose(warp_supersampled(image, TO, 48), warp_supersampled_twin(image, TO, 48), atol=1e-3)


def test_four_places_a_pixel_lie_about_its_middle_and_halve_the_noise(rng):
    ramp = np.add.outer(np.arange(40.0), 2.0 * np.arange(50.0)).astype(np.float32)
    to = np.array([[0.9, 0.0, 3.0], [0.0, 0.9, 2.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(warp_supersampled(ramp, to, 32), warp_stack(ramp[None], to, 32, 32)[0], atol=1e-3)
    noise = rng.standard_normal((200, 200)).astype(np.float32)
    coarse = np.diag([3.0, 3.0, 1.0])
    assert warp_supersampled(noise, coarse, 60).std() < 0.75 * warp_stack(noise[None], coarse, 60, 60).std()


def test_stacked_frames_go_on_with_their_last_row_and_column(rng):
    small, large = rng.random((40, 60)).astype(np.float32), rng.random((70, 50)).astype(np.float32)
    both = stack_frames([small, large])
    assert both.shape == (2, 70, 60)
    np.testing.assert_array_equal(both[0, :40], small)
    np.testing.assert_array_equal(both[0, 40:], np.repeat(small[-1:], 30, axis=0))
    np.testing.assert_array_equal(both[1, :, 50:], np.repeat(large[:, -1:], 10, axis=1))
    np.testing.assert_array_equal(stack_frames([small, small])[1], small)
