"""The atlas: its grid, its views, and what it leaves out."""

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid, render_view
from fluoropose.drr.atlas_error import depth_scale_error_mm, nearest_view_error_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import prepare_case, quick_rest_renderer, rest_renderer
from fluoropose.drr.reference import ReferenceRenderer
from fluoropose.imaging.volume import extend_ends
from support.cases import SMALL_CHOICE, small_volume


def test_a_grid_may_reach_further_in_beta():
    grid = AtlasGrid(4.0, 2.0, 10.0)
    assert (grid.rows, grid.columns, grid.count) == (5, 11, 55)
    assert grid.nearest_view(0.0, np.deg2rad(9.4)) == 2 * 11 + 10
    assert np.rad2deg(grid.angles_of(2 * 11 + 10)) == pytest.approx((0.0, 10.0))
    assert [grid.nearest_view(*grid.angles_of(n)) for n in range(grid.count)] == list(range(grid.count))
    assert grid.neighbours(0) == (0, 11, 0, 1, 0)
    assert grid.neighbours(54) == (54, 54, 43, 54, 53)


def test_the_grid_by_hand():
    grid = AtlasGrid(36.0, 2.0)
    assert (grid.rows, grid.columns, grid.count) == (37, 37, 1369)
    assert grid.nearest_view(0.0, 0.0) == 18 * 37 + 18
    # alpha 3.1 degrees is nearest to 4, beta -36.9 is beyond the rim.
    index = grid.nearest_view(np.deg2rad(3.1), np.deg2rad(-36.9))
    assert np.rad2deg(grid.angles_of(index)) == pytest.approx((4.0, -36.0))


def test_a_pose_stays_with_its_view_a_little_beyond_half_way():
    grid = AtlasGrid(36.0, 2.0)
    here, next_one = grid.nearest_view(0.0, 0.0), grid.nearest_view(np.deg2rad(2.0), 0.0)
    places = [grid.nearest_view(np.deg2rad(alpha), 0.0, here) for alpha in (0.9, 1.1, 1.4, 1.6)]
    assert places == [here, here, here, next_one]
    assert grid.nearest_view(np.deg2rad(1.1), np.deg2rad(-1.6), here) == grid.nearest_view(
        np.deg2rad(1.1), np.deg2rad(-1.6)
    )


def test_how_far_beyond_the_grid_two_angles_lie():
    grid = AtlasGrid(4.0, 2.0, 10.0)
    assert grid.excess_deg(np.deg2rad(-4.0), np.deg2rad(9.9)) == pytest.approx(0.0)
    assert grid.excess_deg(np.deg2rad(-5.5), np.deg2rad(10.5)) == pytest.approx(1.5)
    assert grid.excess_deg(0.0, np.deg2rad(-13.0)) == pytest.approx(3.0)


def test_neighbours_are_one_step_away_and_stay_on_the_grid():
    grid = AtlasGrid(12.0, 4.0)
    middle = 3 * 7 + 3
    assert grid.neighbours(middle) == (middle, middle + 7, middle - 7, middle + 1, middle - 1)
    assert grid.neighbours(0) == (0, 7, 0, 1, 0)
    assert grid.neighbours(48) == (48, 48, 41, 48, 47)
    assert grid.per_step == 0.5


def test_every_view_is_its_own_nearest():
    grid = AtlasGrid(12.0, 4.0)
    assert [grid.nearest_view(*grid.angles_of(n)) for n in range(grid.count)] == list(range(grid.count))


def test_views_are_pictures_of_the_object_at_their_angles(small_case):
    atlas = small_case.atlas
    reference = ReferenceRenderer(small_case.volume, 0.5)
    for index in (0, 24, 45):
        truth = render_view(reference, atlas.view, *atlas.grid.angles_of(index))
        np.testing.assert_allclose(atlas.views[index].astype(np.float32), truth, atol=0.03 * truth.max())


def test_the_same_volume_gives_the_same_atlas_and_digest(small_case):
    again = prepare_case("other", "test:small:1", small_volume(), SMALL_CHOICE)
    np.testing.assert_array_equal(again.atlas.views, small_case.atlas.views)
    assert again.digest == small_case.digest
    assert prepare_case("other", "test:small:2", small_volume(), SMALL_CHOICE).digest != small_case.digest


def test_surroundings_are_pictures_of_the_rest_of_the_ct_in_each_view(surrounded_case):
    atlas = surrounded_case.atlas
    assert atlas.has_surroundings
    reference = ReferenceRenderer(extend_ends(surrounded_case.rest, atlas.view.field_mm), 1.0)
    for index in (0, 24, 45):
        truth = render_view(reference, atlas.view, *atlas.grid.angles_of(index))
        np.testing.assert_allclose(atlas.surroundings[index].astype(np.float32), truth, atol=0.08 * truth.max())
        assert atlas.picture_indices(index) == (*atlas.grid.neighbours(index), 49 + index)


def test_an_object_of_its_own_has_no_surroundings(small_case):
    assert not small_case.atlas.has_surroundings
    assert small_case.atlas.surroundings is None
    assert small_case.atlas.picture_indices(24) == small_case.atlas.grid.neighbours(24)


def test_the_atlas_is_mapped_and_small(small_case):
    assert isinstance(small_case.atlas.views, np.memmap)
    assert small_case.atlas.views.nbytes == 49 * 128 * 128 * 2


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
    from dataclasses import replace

    # A canonical camera at 110 % range has 110 % focal length: the scale is undone exactly.
    far = render_view(renderer, replace(view, range_mm=1.1 * view.range_mm), 0.1, -0.1)
    shifted = 0.5 * (nominal + np.roll(nominal, 1, axis=1))
    assert np.abs(far - nominal).mean() < np.abs(shifted - nominal).mean()
    assert np.abs(far - nominal).mean() > 0.0


def test_progress_is_told_to_the_end():
    seen = []
    prepare_case("p", "s", small_volume(3.0), SMALL_CHOICE, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (1, 49)
    assert seen[-1] == (49, 49)


def test_what_renders_the_rest_while_a_frame_waits_shows_what_the_atlas_does(surrounded_case):
    """Details apart: an offset or a slope over the whole picture is of no account where it is used."""
    view, rest = surrounded_case.atlas.view, surrounded_case.rest
    slow, quick = rest_renderer(rest, view), quick_rest_renderer(rest, view)
    depth = int(np.argmax(np.abs(view.base_rotation[2] @ rest.lps_from_index[:3, :3])))
    shrunk = np.array(slow.volume.values.shape) // np.array(quick.volume.values.shape)
    assert shrunk.tolist() == [int(3.0 / slow.volume.spacing_mm[axis]) if axis == depth else 1 for axis in range(3)]
    for angles in ((0.0, 0.0), (0.2, -0.15)):
        expected, found = (render_view(one, view, *angles) for one in (slow, quick))
        assert np.median(np.abs(found - expected)) < 0.02 * expected.max()
