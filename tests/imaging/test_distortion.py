"""Frames are straightened: the kernel and its twin, a map by hand, a pincushion, and maps that are none."""

import numpy as np
import pytest

from fluoropose.errors import FrameError, GeometryError
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.imaging.distortion import DistortionMap, map_of_coefficients, undistort_twin

CAMERA = camera_from_detector(40, 50, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=100.0)


def own_places(rows=40, columns=50):
    return np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(np.float32)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_the_kernel_and_its_twin_agree(rng, dtype):
    pixels = rng.integers(0, 250, (40, 50)).astype(dtype)
    bent = DistortionMap(own_places() + rng.uniform(-6, 6, (40, 50, 2)).astype(np.float32))
    found = bent.undistort(pixels)
    assert found.dtype == pixels.dtype
    np.testing.assert_allclose(found, undistort_twin(pixels, bent.places), atol=0.5001 if dtype != "float32" else 1e-3)


def test_a_map_of_the_pixels_own_places_changes_nothing(rng):
    pixels = rng.integers(0, 60000, (40, 50)).astype(np.uint16)
    np.testing.assert_array_equal(DistortionMap(own_places()).undistort(pixels), pixels)


def test_a_shift_by_hand():
    pixels = np.tile(np.arange(50, dtype=np.float32), (40, 1))
    found = DistortionMap(own_places() + np.float32([2.5, 0.0])).undistort(pixels)
    np.testing.assert_allclose(found[:, :47], pixels[:, :47] + 2.5)
    assert (found[:, 48:] == 49.0).all()


def test_coefficients_bend_as_by_hand():
    # Pixel (49, 19.5) lies 24.5 px right of the middle, x = 0.245: k1 = 0.4 takes it out by 0.4 * 0.245^2 of that.
    bent = map_of_coefficients(CAMERA, [0.4, 0.0, 0.0, 0.0]).places
    assert bent[20, 49, 0] == pytest.approx(24.5 + 24.5 * (1 + 0.4 * (0.245**2 + 0.005**2)), abs=1e-4)
    assert bent[20, 49, 1] == pytest.approx(19.5 + 0.5 * (1 + 0.4 * (0.245**2 + 0.005**2)), abs=1e-4)
    tangential = map_of_coefficients(CAMERA, [0.0, 0.0, 0.01, 0.02, 0.0]).places[20, 49]
    square, x, y = 0.245**2 + 0.005**2, 0.245, 0.005
    assert tangential[0] - 49 == pytest.approx(100 * (2 * 0.01 * x * y + 0.02 * (square + 2 * x * x)), abs=1e-4)
    assert tangential[1] - 20 == pytest.approx(100 * (0.01 * (square + 2 * y * y) + 2 * 0.02 * x * y), abs=1e-4)


def test_a_bent_line_is_straight_again():
    """A picture that is a function of the straight places, sampled where the detector has it."""
    bent = map_of_coefficients(CAMERA, [0.3, 0.0, 0.0, 0.0])
    inverse = own_places().astype(np.float64)
    for _ in range(40):  # fixed point: places of the straight frame that land on the detector's pixels
        x, y = (inverse[..., 0] - 24.5) / 100, (inverse[..., 1] - 19.5) / 100
        radial = 1 + 0.3 * (x * x + y * y)
        inverse = np.stack(
            [24.5 + (own_places()[..., 0] - 24.5) / radial, 19.5 + (own_places()[..., 1] - 19.5) / radial], -1
        )
    taken = (1000.0 + 10.0 * inverse[..., 0]).astype(np.float32)
    found = bent.undistort(taken)
    np.testing.assert_allclose(
        found[5:-5, 5:-5], np.tile(1000.0 + 10.0 * np.arange(50), (40, 1))[5:-5, 5:-5], atol=0.05
    )


@pytest.mark.parametrize(
    "places", [np.zeros((40, 50)), np.zeros((40, 50, 3)), np.full((40, 50, 2), np.nan), 3.0 * own_places()]
)
def test_what_is_no_map_is_refused(places):
    with pytest.raises(GeometryError, match="distortion map must"):
        DistortionMap(places)


@pytest.mark.parametrize("coefficients", [[], [0.1], [0.1] * 6, [np.nan, 0, 0, 0], [1e6, 0, 0, 0]])
def test_coefficients_that_cannot_be_meant_are_refused(coefficients):
    with pytest.raises(GeometryError, match="distortion"):
        map_of_coefficients(CAMERA, coefficients)


def test_a_frame_of_another_size_is_refused():
    with pytest.raises(FrameError, match=r"distortion map's size \(40, 50\), got \(50, 40\)"):
        DistortionMap(own_places()).undistort(np.zeros((50, 40), np.uint8))
