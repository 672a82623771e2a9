"""The volar plate by hand: titanium, holes through it, screws and pegs of the lengths drawn."""

import numpy as np
import pytest

from fluoropose.objects.plate import plate_parts


def test_all_solids_are_titanium():
    assert {part.attenuation_per_mm for part in plate_parts()} == {0.25}
    assert len(plate_parts()) == 6


@pytest.mark.parametrize(("x", "z"), [(-0.4, -4.5), (3.5, 18.0), (-4.5, 12.0)])
def test_holes_without_a_screw_go_through(x, z):
    plate = plate_parts()[0].distance
    through = np.stack([np.full(201, x), np.linspace(-16.0, 0.0, 201), np.full(201, z)], axis=-1)
    beside = through + [2.3, 0.0, 0.0]
    assert (plate(through) > 0.0).all()
    assert (plate(beside) < 0.0).any()


def test_screws_start_at_the_plate_and_are_as_long_as_drawn():
    # On the flat shaft at x = -0.6, z = -21 the middle surface is at y = -6 + 0.012 x^2 + 0.0015 x z = -5.98.
    screw = plate_parts()[4].distance
    start = np.array([-0.6, -6.0 + 0.012 * 0.36 + 0.0015 * 0.6 * 21.0, -21.0])
    end = start * [0.9, 1.0, 1.0] + [0.0, 13.0, 0.12 * 13.0]
    np.testing.assert_allclose(screw(np.stack([start, end])), [-1.4, -1.4])
