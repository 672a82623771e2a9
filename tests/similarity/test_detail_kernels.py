"""Details, changes, local contrast and equations of two bodies: compiled and plain agree, and say what they should."""

import numpy as np
import pytest

from fluoropose.similarity.detail_kernels import (
    detail_derivatives,
    detail_derivatives_twin,
    details,
    details_twin,
    local_contrast,
    local_contrast_twin,
    normal_equations,
    normal_equations_twin,
    subtract_fit,
)


@pytest.mark.parametrize("reach", [2, 4, 6])
def test_details_are_their_twins(rng, reach):
    images = rng.random((3, 40, 50)).astype(np.float32)
    np.testing.assert_allclose(details(images, reach), details_twin(images, reach), atol=1e-5)


def test_changes_are_their_twins(rng):
    square, turns = rng.random((2, 48, 48)).astype(np.float32), rng.random((2, 2, 48, 48)).astype(np.float32)
    given = (*square, *turns, 0.7, 900.0)
    found = detail_derivatives(*given)
    assert found.shape == (16, 48, 48)
    np.testing.assert_allclose(found, detail_derivatives_twin(*given), atol=1e-4)


def test_changes_with_a_place_are_differences_of_moved_pictures():
    """A soft blob of each body, moved by a twentieth of a pixel; what is given of its turns is passed on."""
    v, u = np.mgrid[0:64, 0:64] - 31.5

    def blob(dx=0.0, dy=0.0):
        return np.exp(-(((u - dx - 4.0) / 7.0) ** 2) - ((v - dy + 3.0) / 5.0) ** 2).astype(np.float32)

    turns = np.stack([blob(), 2.0 * blob()])
    found = detail_derivatives(blob(), blob(), turns, 3.0 * turns, 0.5, 900.0)
    for first in (0, 6):
        for axis, name in enumerate(("dx", "dy")):
            wanted = (blob(**{name: 0.05}) - blob(**{name: -0.05})) / 0.1 / 0.5
            np.testing.assert_allclose(found[first + axis], wanted, atol=0.05 * np.abs(wanted).max())
    np.testing.assert_array_equal(found[4:6], turns)
    np.testing.assert_array_equal(found[10:12], 3.0 * turns)
    np.testing.assert_array_equal(found[12], blob())


def test_contrast_is_its_twins(rng):
    shown, noise, weights = rng.random((3, 48, 48)).astype(np.float32)
    frame = np.linspace(0.5, 2.0, 48, dtype=np.float32) * shown + np.float32(0.1) * noise
    for found, twin in zip(
        local_contrast(frame, shown, weights), local_contrast_twin(frame, shown, weights), strict=True
    ):
        np.testing.assert_allclose(found, twin, rtol=5e-3)


def test_equations_are_their_twins_and_what_they_leave_is_at_right_angles(rng):
    columns = rng.standard_normal((5, 50, 40)).astype(np.float32)
    scale, wanted, weights = rng.random((3, 50, 40)).astype(np.float32)
    normal, right = normal_equations(columns, scale, wanted, weights)
    for found, twin in zip((normal, right), normal_equations_twin(columns, scale, wanted, weights), strict=True):
        np.testing.assert_allclose(found, twin, rtol=1e-4, atol=1e-3)
    left = subtract_fit(columns, scale, wanted, np.linalg.solve(normal, right))
    np.testing.assert_allclose((weights * left * scale * columns).sum(axis=(1, 2)), 0.0, atol=1e-2)


def test_contrast_is_that_of_the_neighbourhood(rng):
    shown = rng.standard_normal((64, 64)).astype(np.float32)
    true = np.linspace(0.5, 2.0, 64, dtype=np.float32)
    found, per_deviation = local_contrast(true * shown, shown, np.ones_like(shown))
    inner = np.s_[8:-8, 8:-8]
    np.testing.assert_allclose(found[inner], np.broadcast_to(true, found.shape)[inner], rtol=0.15)
    noisy = true * shown + 0.5 * rng.standard_normal(shown.shape).astype(np.float32)
    _, of_noisy = local_contrast(noisy, shown, np.ones_like(shown))
    assert np.median(of_noisy) < 0.5 * np.median(per_deviation)
    np.testing.assert_allclose(np.median(1.0 / of_noisy), 0.5, rtol=0.1)


def test_detail_sees_neither_offset_nor_shading(rng):
    image = rng.random((1, 40, 40)).astype(np.float32)
    ramp = np.linspace(0.0, 3.0, 40, dtype=np.float32)
    inner = np.s_[:, 6:-6, 6:-6]
    np.testing.assert_allclose(details(image + ramp, 2)[inner], details(image, 2)[inner], atol=1e-4)
