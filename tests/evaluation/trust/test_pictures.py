"""Frames are decided by their generator, differ between renderers, and show the object where it is."""

import numpy as np
import pytest

from fluoropose.evaluation.trust.pictures import RENDERERS, draw_pose, draw_scenery, expose_lines, picture
from fluoropose.geometry.pose6 import pose_from_six


def frame(draw, renderer, seed=0):
    one = draw(0, renderer, seed)
    return picture(one, pose_from_six(draw_pose(one), one.subject.case.pose_frame))


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_frame_is_decided_by_its_generator(draw, renderer):
    first, again, other = frame(draw, renderer), frame(draw, renderer), frame(draw, renderer, 1)
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5
    assert first.shape == (512, 512)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_an_object_darkens_and_exposure_clips(draw, renderer):
    def exposed(lines, **more):
        one = draw(0, renderer)
        scenery = draw_scenery(one)
        return expose_lines(scenery, one.subject.camera, lines, np.random.default_rng(0), **more).astype(float)

    nothing, something = np.zeros((512, 512)), np.zeros((512, 512))
    something[200:300, 200:300] = 1.0
    without, with_it = exposed(nothing), exposed(something)
    assert with_it[220:280, 220:280].mean() < 0.7 * without[220:280, 220:280].mean()
    clipped = exposed(nothing, clipped=4.0)
    assert (clipped == clipped.max()).mean() > (without == without.max()).mean() + 0.01


def test_poses_lie_within_a_share_of_the_reach(draw):
    one = draw()
    for _ in range(20):
        offset = draw_pose(one, 0.5) - [0.0, 0.0, one.subject.range_mm, 0.0, 0.0, 0.0]
        assert (np.abs(offset) <= 0.5 * one.subject.reach).all()
