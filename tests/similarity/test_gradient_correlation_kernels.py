"""The compiled parts of gradient correlation, each against the same in plain NumPy."""

import numpy as np
import pytest

from fluoropose.imaging.filters import blur, blur_twin
from fluoropose.imaging.sampling import warp_stack_twin
from fluoropose.similarity.edge_equations import central_differences_twin, window_twin
from fluoropose.similarity.edge_places import find_edges
from fluoropose.similarity.gradient import gradient_correlation
from fluoropose.similarity.gradient_correlation_kernels import (
    HALO,
    MARGIN,
    SMOOTH,
    TAPS,
    correlation_around,
    correlation_inside,
    motion_derivatives,
    show_line_integrals,
    show_with_derivatives,
    warp_turned_view,
)

TO = np.array([[0.9, 0.1, -3.0], [-0.05, 1.1, 4.0], [1e-4, -2e-4, 1.0]])


def bumps(size=96):
    v, u = np.mgrid[0:size, 0:size].astype(np.float32)
    return np.exp(-(((u - 40.0) / 9.0) ** 2) - ((v - 52.0) / 14.0) ** 2).astype(np.float32)


def test_the_smoothing_is_a_gaussian_of_one_pixel_and_its_twin(rng):
    image = rng.random((40, 31)).astype(np.float32)
    np.testing.assert_allclose(blur(image, TAPS), blur_twin(image, TAPS), atol=1e-6)
    weights = np.exp(-0.5 * np.arange(4.0) ** 2)
    np.testing.assert_allclose(TAPS, weights / (2.0 * weights.sum() - 1.0), atol=1e-6)
    assert TAPS[0] + 2.0 * TAPS[1:].sum() == pytest.approx(1.0, abs=1e-6)
    assert len(TAPS) == SMOOTH + 1


def test_the_correlation_inside_is_that_of_all_but_a_border(rng):
    seen, shown = rng.random((2, 50, 70)).astype(np.float32)
    inside = (slice(HALO, -HALO), slice(HALO, -HALO))
    slopes = [tuple(one[inside] for one in np.gradient(image.astype(np.float64))) for image in (seen, shown)]
    assert correlation_inside(seen, shown) == pytest.approx(gradient_correlation(*slopes), abs=1e-5)
    assert correlation_inside(seen, seen) == pytest.approx(1.0, abs=1e-6)
    assert correlation_inside(np.ones_like(seen), shown) == 0.0


def test_the_correlation_is_that_of_the_window_of_the_second_pictures_edges(rng):
    shown = bumps()
    seen = shown + 0.05 * rng.random(shown.shape).astype(np.float32)
    f, m = (central_differences_twin(image.astype(np.float64)) for image in (seen, shown))
    wanted = gradient_correlation((f[0], f[1]), (m[0], m[1]), window_twin(m))
    margin = int(MARGIN * len(shown))
    assert correlation_around(seen, shown, find_edges(shown), margin) == pytest.approx(wanted, abs=1e-4)
    assert correlation_around(seen, shown, np.empty((2, 0), np.int32), margin) == 0.0


def test_what_a_detector_shows_has_a_floor_and_nothing_where_nothing_is(rng):
    lines = (3.0 * rng.random((20, 30)) - 0.5).astype(np.float32)
    turns = rng.standard_normal((2, 20, 30)).astype(np.float32)
    passed = np.exp(-np.maximum(lines, 0.0).astype(np.float64))
    out, shown = np.empty_like(lines), np.empty((3, 20, 30), np.float32)
    show_line_integrals(lines, 0.07, out)
    show_with_derivatives(lines, turns, 0.07, shown)
    np.testing.assert_allclose(out, -np.log(passed + 0.07), atol=1e-5)
    np.testing.assert_array_equal(shown[0], out)
    np.testing.assert_allclose(shown[1:], passed / (passed + 0.07) * turns, atol=1e-5)


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.0), (0.3, -0.45)])
def test_a_view_turned_by_parts_of_a_step_is_a_parabola_through_its_neighbours(rng, a, b):
    views, step_rad = rng.random((5, 48, 48)).astype(np.float32), 0.07
    out = np.empty((3, 40, 44), np.float32)
    warp_turned_view(views, a, b, step_rad, TO, out)
    middle, up, down, right, left = views.astype(np.float64)
    a1, a2, b1, b2 = (up - down) / 2, (up + down) / 2 - middle, (right - left) / 2, (right + left) / 2 - middle
    lines = np.maximum(middle + a * (a1 + a * a2) + b * (b1 + b * b2), 0.0)
    pictures = np.stack([lines, (a1 + 2 * a * a2) / step_rad, (b1 + 2 * b * b2) / step_rad])
    np.testing.assert_allclose(out, warp_stack_twin(pictures, TO, 40, 44), atol=2e-3)


def test_the_moves_in_a_frame_are_differences_of_moved_pictures():
    """Where canonical and frame pixels are the same but for a scale: a blob that is moved, scaled and turned."""
    size, middle, mm, range_mm, step = 96, 47.5, 0.5, 900.0, 1e-3
    v, u = np.mgrid[0:size, 0:size].astype(np.float64)

    def blob(dx=0.0, dy=0.0, scale=1.0, theta=0.0):
        x, y = (u - middle - dx) / scale, (v - middle - dy) / scale
        x, y = np.cos(theta) * x + np.sin(theta) * y, np.cos(theta) * y - np.sin(theta) * x
        return np.exp(-(((x + 8.0) / 11.0) ** 2) - ((y - 5.0) / 8.0) ** 2)

    out = np.zeros((4, size, size), np.float32)
    motion_derivatives(blob().astype(np.float32), np.eye(3), np.eye(3), middle, mm, range_mm, out)
    pixel = step / mm
    wanted = (
        (blob(dx=pixel) - blob(dx=-pixel)) / (2 * step),
        (blob(dy=pixel) - blob(dy=-pixel)) / (2 * step),
        (blob(scale=range_mm / (range_mm + step)) - blob(scale=range_mm / (range_mm - step))) / (2 * step),
        (blob(theta=step) - blob(theta=-step)) / (2 * step),
    )
    inside = (slice(SMOOTH + 1, -SMOOTH - 1),) * 2
    for found, expected in zip(out, wanted, strict=True):
        np.testing.assert_allclose(found[inside], expected[inside], atol=0.03 * np.abs(expected).max())
