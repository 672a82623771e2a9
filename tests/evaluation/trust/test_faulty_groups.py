"""Faults: where no pose is right, and what a wrong camera is told."""

import numpy as np
import pytest

from fluoropose.evaluation.trust.faulty_groups import FAULTY_GROUPS, wrong_camera
from fluoropose.evaluation.trust.pictures import picture
from fluoropose.geometry.rotation import angle_between

MAKE = {group.name: group.make for group in FAULTY_GROUPS}


@pytest.mark.parametrize("name", ["empty", "other-object", "mirrored"])
def test_no_pose_is_right(draw, name):
    run = MAKE[name](draw())
    assert run.truths == (None,)
    assert run.start is not None


def test_a_turned_start_is_turned_about_each_axis_in_turn(draw):
    words = set()
    for number in (0, 2, 4):
        run = MAKE["turned-start"](draw(number))
        words.add(run.condition)
        assert np.rad2deg(angle_between(run.start[:3, :3], run.truths[0][:3, :3])) > 90.0
    assert len(words) == 3


def test_an_inverted_frame_is_the_frame_turned_over(draw):
    run = MAKE["inverted"](draw())
    assert run.frames[0].astype(float)[250:260, 250:260].mean() > run.frames[0].mean()


def test_a_blurred_frame_is_not_the_sharp_one(draw):
    run = MAKE["motion-blur"](draw(1))
    sharp = picture(draw(1), run.truths[0])
    assert run.frames[0].shape == sharp.shape
    assert (run.frames[0] != sharp).any()


def test_a_saturated_frame_has_many_pixels_at_the_top(draw):
    run = MAKE["saturated"](draw())
    usual = picture(draw(), run.truths[0])
    pixels = run.frames[0]
    assert (pixels == pixels.max()).mean() > (usual == usual.max()).mean()
    assert "clipped" in run.condition


def test_a_camera_is_told_wrongly_in_one_respect(draw):
    true = draw().subject.camera.intrinsic_matrix
    for number in range(4):
        spacing = MAKE["wrong-spacing"](draw(number)).camera.intrinsic_matrix
        assert 0.02 <= abs(true[0, 0] / spacing[0, 0] - 1.0) <= 0.1
        np.testing.assert_array_equal(spacing[:2, 2], true[:2, 2])
        distance = MAKE["wrong-distance"](draw(number)).camera.intrinsic_matrix
        assert abs(distance[0, 0] / true[0, 0] - 1.0) == pytest.approx(0.05)
        point = MAKE["wrong-principal-point"](draw(number)).camera.intrinsic_matrix
        assert np.linalg.norm(point[:2, 2] - true[:2, 2]) == pytest.approx(20.0)
        assert point[0, 0] == true[0, 0]


def test_a_camera_keeps_its_size(camera):
    told = wrong_camera(camera, 1.1, np.array([3.0, -4.0]))
    assert (told.rows, told.columns) == (camera.rows, camera.columns)
    assert told.intrinsic_matrix[0, 0] == pytest.approx(1.1 * camera.intrinsic_matrix[0, 0])
    assert told.intrinsic_matrix[1, 2] == pytest.approx(camera.intrinsic_matrix[1, 2] - 4.0)
