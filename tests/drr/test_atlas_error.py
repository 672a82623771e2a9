"""Errors of the atlas against their formulas and against rendered pictures."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.atlas import render_view
from fluoropose.drr.atlas_error import depth_scale_error_mm, nearest_view_error_mm
from fluoropose.drr.cpu import CpuRenderer


def test_the_error_of_the_nearest_view_is_half_a_step_of_turning(small_case):
    """Half a step in both angles moves a corner by about its depth times the angle; halving the step halves it."""
    errors = [nearest_view_error_mm(small_case, step) for step in (4.0, 2.0, 1.0)]
    depth = np.abs(small_case.corners_mm - small_case.atlas.view.centre_mm).max()
    assert errors[1] <= 1.2 * np.sqrt(2) * np.deg2rad(1.0) * depth
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.1)


def test_the_error_of_depth_as_a_scale_grows_with_the_distance_from_nominal(small_case):
    assert depth_scale_error_mm(small_case, 1.0) == 0.0
    near, far = depth_scale_error_mm(small_case, 1.05), depth_scale_error_mm(small_case, 1.10)
    assert near < 0.05
    assert far / near == pytest.approx(2.0, rel=0.15)


def test_the_error_of_depth_as_a_scale_is_what_pictures_show(small_case):
    """The rendered picture at 110 % range, scaled back, differs from the nominal one by what half a pixel does."""
    view = small_case.atlas.view
    renderer = CpuRenderer(small_case.volume, 0.7)
    nominal = render_view(renderer, view, 0.1, -0.1)

    # A canonical camera at 110 % range has 110 % focal length: the scale is undone exactly.
    far = render_view(renderer, replace(view, range_mm=1.1 * view.range_mm), 0.1, -0.1)
    shifted = 0.5 * (nominal + np.roll(nominal, 1, axis=1))
    assert np.abs(far - nominal).mean() < np.abs(shifted - nominal).mean()
    assert np.abs(far - nominal).mean() > 0.0
