"""What a frame's pixels say of themselves."""

import numpy as np
import pytest

from fluoropose.imaging.frame_findings import field_mask, list_frame_findings, polarity

ROWS, COLUMNS = np.mgrid[:200, :240]
AWAY = np.hypot((ROWS - 99.5) / 100, (COLUMNS - 119.5) / 120)


def intensity(rng, dtype=np.uint16):
    """A patient in the middle of a bright beam, with noise."""
    values = 3500.0 * np.exp(-1.5 * np.exp(-((AWAY / 0.5) ** 2))) + rng.normal(0, 20, AWAY.shape)
    return np.clip(values, 0, 4000).astype(dtype)


def codes(pixels):
    return {finding.code: finding for finding in list_frame_findings(pixels)}


def test_a_frame_of_intensities_has_no_finding(rng):
    assert codes(intensity(rng)) == {}


def test_an_inverted_frame_is_noticed(rng):
    pixels = intensity(rng)
    mask = field_mask(pixels)
    assert polarity(pixels, mask)[0]
    assert not polarity(4095 - pixels, mask)[0]
    assert codes(4095 - pixels)["looks-inverted"].certainty > 0.75


def test_a_clipped_open_beam_tells_the_polarity(rng):
    """A knee with metal, which leaves the open beam at one side of the field and darkens its rim more than its middle."""
    pixels = np.where(COLUMNS > 150, 255, 90 + 60 * (AWAY < 0.5)).astype(np.uint8)
    pixels[80:120, 60:90] = 0
    mask = np.ones(pixels.shape, bool)
    assert polarity(pixels, mask) == (True, 0.85)
    assert polarity(255 - pixels, mask) == (False, 0.85)
    assert "looks-inverted" not in codes(pixels)


@pytest.mark.parametrize(("outside", "word"), [(AWAY > 0.95, "round"), (np.abs(COLUMNS - 119.5) > 90, "collimated")])
def test_the_fields_edge_is_seen(rng, outside, word):
    pixels = intensity(rng)
    pixels[outside] = 0
    assert word in codes(pixels)["field-edge"].text
    np.testing.assert_array_equal(field_mask(pixels), ~outside)


def test_line_integrals_saturation_and_few_levels_are_named(rng):
    lines = -np.log(intensity(rng) / 4000.0).astype(np.float32)
    assert "looks-like-line-integrals" in codes(lines)
    clipped = np.minimum(intensity(rng), 3000)
    clipped[[0, 0, -1], [0, -1, 0]] = [100, 200, 300]
    assert "the largest value, 3000" in codes(clipped)["saturated"].text
    coarse = intensity(rng) // 256 * 256
    assert {"few-levels"} <= set(codes(coarse))
    assert "eight-bit" in codes((intensity(rng) // 16).astype(np.uint8))


@pytest.mark.parametrize(("value", "code"), [(7.0, "flat"), (np.nan, "not-finite")])
def test_no_picture_is_an_error(value, code):
    pixels = np.full((20, 20), 7.0, np.float32)
    pixels[3, 3] = value
    assert [(one.code, one.severity) for one in list_frame_findings(pixels)] == [(code, "error")]
