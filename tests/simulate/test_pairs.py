"""The rig of a simulated pair by hand, and pairs that are one instant."""

import numpy as np
import pytest

from fluoropose.geometry.rig import PlacedCamera, angle_between_views_deg
from fluoropose.geometry.rigid import inverse, transform
from fluoropose.geometry.rotation import angle_between
from fluoropose.simulate.motion import random_motion
from fluoropose.simulate.pairs import miscalibrate, rig_places, simulate_pairs
from fluoropose.simulate.physics import Detector
from fluoropose.simulate.run import Scene
from support.cases import EXPECTED_SIX, small_volume


@pytest.mark.parametrize("slant", [0.0, 45.0])
@pytest.mark.parametrize("angle", [30.0, 90.0])
def test_both_cameras_look_at_the_isocentre_so_far_apart(camera, angle, slant):
    first, second = rig_places(angle, 900.0, slant)
    for place in (first, second):
        np.testing.assert_allclose(transform(place, np.array([0.0, 0.0, 900.0])), [0, 0, 900], atol=1e-9)
    assert angle_between_views_deg(PlacedCamera(camera, first), PlacedCamera(camera, second)) == pytest.approx(angle)


def test_turned_about_the_columns_the_sources_lie_in_one_row():
    first, second = (inverse(place)[:3, 3] for place in rig_places(90.0, 900.0))
    # 900 mm from the isocentre at 45 degrees to either side; the first one was turned from z towards -x.
    np.testing.assert_allclose(first, [-900 * np.sqrt(0.5), 0, 900 - 900 * np.sqrt(0.5)], atol=1e-9)
    np.testing.assert_allclose(second, first * [-1, 1, 1], atol=1e-9)


def test_a_calibration_is_wrong_by_what_was_asked(rng):
    place = rig_places(60.0, 900.0)[1]
    wrong = miscalibrate(place, 0.5, 900.0, rng)
    iso = np.array([0.0, 0.0, 900.0])
    assert np.linalg.norm(transform(wrong, iso) - transform(place, iso)) == pytest.approx(0.5)
    assert np.rad2deg(angle_between(wrong[:3, :3], place[:3, :3])) == pytest.approx(0.5)


def test_pairs_show_the_object_and_do_not_depend_on_the_workers(small_case, camera, rng):
    volume = small_volume(1.5)
    scene = Scene(volume, small_case.pose_frame, camera, Detector(), None, 1.0)
    motion = random_motion(EXPECTED_SIX, rng)
    runs = [simulate_pairs(scene, motion, motion, rig_places(40.0, 900.0), 2, 5, workers=n) for n in (1, 2)]
    for one, two in zip(*runs, strict=True):
        np.testing.assert_array_equal(np.stack(one.pixels), np.stack(two.pixels))
        for shown, empty in zip(one.pixels, one.empty, strict=True):
            middle = (slice(28, 68), slice(44, 84))
            assert shown[middle].min() < 0.7 * empty[middle].min()
