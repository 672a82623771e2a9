"""A frame counts the views that it had to wait for."""

import numpy as np

from fluoropose.drr.frame_views import FrameViews, begin_frame
from fluoropose.drr.planes import SerialPlaneRenderer
from fluoropose.drr.view_cache import ViewCache
from fluoropose.drr.view_renderers import ViewRenderers
from fluoropose.geometry.canonical import pose_from_canonical
from fluoropose.geometry.rotation import about_y


def test_only_views_that_were_not_there_are_waited_for(small_case):
    cache = ViewCache(small_case.atlas, ViewRenderers(SerialPlaneRenderer(small_case.volume)), step_deg=4.0)
    view = small_case.atlas.view
    pose = about_pose(view, 60.0)
    first, second = begin_frame(cache), begin_frame(cache)
    assert isinstance(first, FrameViews)
    index = first.locate(pose)[1]
    first.picture_indices(index)
    first.line_integrals(index)
    assert (first.waited, second.waited) == (5, 0)
    second.picture_indices(index)
    assert second.waited == 0
    middle = cache.expected_views(4.0)[len(cache.expected_views(4.0)) // 2]
    second.line_integrals(middle)
    assert second.waited == 0

    near, far = middle, begin_frame(cache).locate(about_pose(cache.view, -70.0))[1]
    for index in (near, far):
        np.testing.assert_array_equal(second.rough_lines(index), cache.rough_lines(index))
    assert second.waited == 0


def about_pose(view, beta_deg):
    turned = about_y(np.deg2rad(beta_deg)) @ view.base_rotation
    return pose_from_canonical(np.eye(3), turned, np.array([0.0, 0.0, view.range_mm]), view)


def test_an_atlas_that_is_complete_is_used_as_it_is(small_case):
    assert begin_frame(small_case.atlas) is small_case.atlas
    assert small_case.atlas.waited == 0
