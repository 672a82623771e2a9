"""Half precision: to the last bit what NumPy makes of it, over all halves, between them and beyond them."""

import numpy as np

from fluoropose.imaging.half_precision import (
    round_to_half,
    round_to_half_twin,
    to_half,
    to_half_twin,
    to_single,
    to_single_twin,
)


def same(values):
    np.testing.assert_array_equal(to_half(values).view(np.uint16), to_half_twin(values).view(np.uint16))


def test_every_half_is_itself():
    every = np.arange(65536, dtype=np.uint16).view(np.float16)
    every = every[~np.isnan(every)]
    np.testing.assert_array_equal(to_half(every.astype(np.float32)).view(np.uint16), every.view(np.uint16))


def test_what_lies_between_two_halves_goes_to_the_nearer_or_the_even_one():
    every = np.arange(0x7BFF, dtype=np.uint16).view(np.float16).astype(np.float32)
    following = np.arange(1, 0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    middle = 0.5 * (every + following)
    for values in (middle, np.nextafter(middle, np.float32(0.0)), np.nextafter(middle, np.float32(1e6)), -middle):
        same(values)


def test_singles_of_every_size(rng):
    values = rng.integers(0, 2**32, 200_000, dtype=np.uint32).view(np.float32)
    same(values[~np.isnan(values)])
    assert np.isnan(to_half(np.array([np.nan], np.float32))).all()


def test_the_shape_stays():
    assert to_half(np.zeros((2, 3, 5), np.float32)).shape == (2, 3, 5)
    same(np.arange(12.0, dtype=np.float32).reshape(3, 4).T)


def test_singles_are_the_twins_to_the_last_bit():
    every = np.arange(65536, dtype=np.uint16).view(np.float16)
    found, expected = to_single(every.reshape(256, 256)), to_single_twin(every.reshape(256, 256))
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(found.view(np.uint32)[numbers], expected.view(np.uint32)[numbers])
    assert np.isnan(found[~numbers]).all()


def test_rounding_in_single_precision_is_to_half_and_back(rng):
    values = np.concatenate(
        [
            rng.standard_normal(5000) * 10.0 ** rng.uniform(-9.0, 6.0, 5000),
            [0.0, -0.0, 65504.0, 65519.99, 65520.0, -65520.0, 2.0**-14, 2.0**-25, 3 * 2.0**-26, np.inf, -np.inf],
        ]
    ).astype(np.float32)
    out = np.empty_like(values)
    round_to_half(values, out)
    np.testing.assert_array_equal(out.view(np.uint32), round_to_half_twin(values).view(np.uint32))
    nothing = np.array([np.nan], np.float32)
    round_to_half(nothing, nothing)
    assert np.isnan(nothing[0])
