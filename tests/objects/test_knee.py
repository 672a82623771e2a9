"""The knee component by hand: one metal, unequal condyles and pegs, an open back."""

import numpy as np

from fluoropose.objects.knee import HALF_EXTENT_MM, knee_parts


def distance(points):
    return np.min([part.distance(np.asarray(points, float)) for part in knee_parts()], axis=0)


def test_all_solids_are_of_one_metal():
    assert {part.attenuation_per_mm for part in knee_parts()} == {0.22}


def test_the_pegs_stand_where_and_as_high_as_drawn():
    _, medial, lateral = (part.distance for part in knee_parts())
    # From z = -16 up: 13 mm high at x = -17, 10 mm at x = 15. One mm below each top, and one mm above it.
    np.testing.assert_allclose(medial(np.array([[-17.0, 4.0, -4.0], [-17.0, 4.0, -2.0]])), [-1.0, 1.0])
    np.testing.assert_allclose(lateral(np.array([[15.0, 4.0, -7.0], [15.0, 4.0, -5.0]])), [-1.0, 1.0])


def test_the_shell_is_open_where_the_bone_is_and_notched_between_the_condyles():
    metal = distance([[-17.0, 0.0, -27.0], [17.0, 0.0, -26.0]])
    assert (metal < 0.0).all()
    bone, notch = distance([[-17.0, -5.0, 5.0], [1.0, 10.0, -26.0]])
    assert bone > 0.0
    assert notch > 0.0


def test_the_medial_condyle_reaches_higher_than_the_lateral_one():
    medial, lateral = distance([[-20.0, 25.0, 11.0], [20.0, 25.0, 11.0]])
    assert medial < 0.0 < lateral


def test_nothing_reaches_the_sides_of_the_grid():
    axis = np.linspace(-1.0, 1.0, 25)
    for fixed in range(3):
        for side in (-1.0, 1.0):
            points = np.stack(np.meshgrid(axis, axis, [side]), axis=-1).reshape(-1, 3)
            points = np.roll(points, fixed + 1, axis=1) * HALF_EXTENT_MM
            assert (distance(points) > 0.0).all()
