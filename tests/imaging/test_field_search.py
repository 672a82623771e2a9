"""A round field and leaves of a collimator are found, though an object crosses their rim; dark bodies are no leaves."""

import numpy as np
import pytest

from fluoropose.imaging.field_search import field_in, grown

V, U = np.mgrid[0:256, 0:256]
ROUND = np.hypot(V - 120.0, U - 130.0) < 110.0
LEAVES = (V > 40) & (V < 200) & (U > 30) & (U < 230)
SMALL = np.hypot(V - 150.0, U - 110.0) < 50.0
LEAF = 0.6 * U + 0.8 * V < 190.0
SHAPES = {"round": ROUND, "leaves": LEAVES, "small": SMALL, "one leaf": LEAF}


@pytest.fixture
def plain(rng):
    """Tissue that is brighter at one side, an object, noise."""
    shown = 20000.0 + 60.0 * U - 9000.0 * (np.hypot(V - 128.0, U - 120.0) < 40.0)
    return np.asarray(shown + 300.0 * rng.standard_normal(shown.shape), np.uint16)


@pytest.fixture
def dark(rng):
    """What is seen beyond a field."""
    return np.asarray(1500.0 + 100.0 * rng.standard_normal(V.shape), np.uint16)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_field_is_found_within_two_pixels_of_the_search(plain, dark, shape):
    found = field_in(np.where(shape, plain, dark))
    assert not (found & ~shape).any()
    assert (found & shape).sum() > 0.7 * shape.sum()
    inverted = field_in(np.uint16(65535) - np.where(shape, plain, dark), inverted=True)
    binned = field_in(np.where(shape, plain, dark), 2)
    assert binned.shape == (128, 128)
    assert (binned == found[1::2, 1::2]).mean() > 0.99
    np.testing.assert_array_equal(inverted, found)


def test_an_opaque_object_across_the_rim_belongs_to_the_field(plain, dark):
    metal = np.hypot(V - 120.0, U - 225.0) < 45.0
    found = field_in(np.where(ROUND & ~metal, plain, dark))
    inside = np.hypot(V - 120.0, U - 130.0) < 95.0
    assert (found & inside & metal).sum() > 0.75 * (inside & metal).sum()
    assert not (found & ~ROUND).any()


def test_a_mark_beyond_the_field_is_not_the_field(plain, dark):
    marked = dark.copy()
    marked[8:30, 8:12] = marked[8:12, 8:30] = 65535
    shown = np.where(SMALL, plain, marked)
    assert not field_in(shown)[:60, :60].any()


def test_a_frame_without_a_field_has_none(plain):
    assert field_in(plain) is None
    assert field_in(np.full((256, 256), 7, np.uint8)) is None
    assert field_in(np.zeros((20, 256), np.uint8)) is None
    fades = np.asarray(20000.0 * np.exp(-(((V - 128.0) / 90.0) ** 2 + ((U - 128.0) / 90.0) ** 2)) + 900.0, np.uint16)
    assert field_in(fades) is None


def test_the_open_beam_beside_a_thick_body_is_no_field(rng):
    """All corners but those of the beam are as dark as beyond a field, and the body's side is as sharp as a leaf."""
    body = U < 180.0 + 8.0 * np.sin(V / 30.0)
    shown = np.where(body, 1500.0 - 700.0 * (np.hypot(V - 128.0, U - 90.0) < 40.0), 56000.0)
    for corner in (slice(0, 9), slice(-9, None)):
        shown[corner, -9:] = 1500.0
    assert field_in(np.asarray(shown + 30.0 * rng.standard_normal(shown.shape), np.uint16)) is None


@pytest.mark.parametrize(("waist_mm", "widens_mm"), [(90.0, 0.0), (50.0, 30.0), (80.0, -40.0)])
def test_the_open_beam_between_two_legs_is_no_field(rng, waist_mm, widens_mm):
    """Legs of 15 cm with bones fill the frame to both sides and let 5 % of the beam through."""
    across, down = np.meshgrid(np.linspace(-102.0, 102.0, 512), np.linspace(-1.0, 1.0, 512))
    inner_mm = np.abs(across) - 0.5 * (waist_mm + widens_mm * down**2)
    leg = 0.04 * np.sqrt(np.maximum(75.0**2 - (inner_mm - 75.0) ** 2, 0.0))
    bone = 0.06 * np.sqrt(np.maximum(16.0**2 - (inner_mm - 35.0) ** 2, 0.0))
    counts = rng.poisson(5000.0 * (np.exp(-leg - bone) + 0.02))
    assert field_in(np.asarray(0.7 * counts, np.uint16)) is None


def test_a_mask_grows_by_a_pixel_to_four_sides():
    mask = np.zeros((5, 5), bool)
    mask[2, 2] = True
    assert grown(mask).sum() == 5
    assert not grown(mask)[1, 1]


def test_the_rest_of_a_burnt_frame_is_outside_no_field(plain):
    """Three quarters are clipped: the rest is darker, evenly lit, and far brighter than what lead lets through."""
    assert field_in(np.where(V < 192, np.uint16(65535), np.uint16(50200))) is None
