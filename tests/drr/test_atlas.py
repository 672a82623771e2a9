"""The atlas: its grid, its views, and what it leaves out."""

import numpy as np
import pytest

from fluoropose.drr.atlas import Atlas, AtlasGrid, build_atlas, default_step_mm, render_view
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.reference import ReferenceRenderer
from fluoropose.imaging.volume import Volume, extend_ends


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


def test_an_atlas_is_built_in_the_array_that_is_given(small_case):
    view, grid = small_case.atlas.view, AtlasGrid(4.0, 4.0)
    renderer = PlaneRenderer(small_case.volume)
    out = np.zeros((9, 128, 128), np.float16)
    atlas = build_atlas(renderer, view, grid, out=out)
    assert atlas.pictures is out
    np.testing.assert_array_equal(build_atlas(renderer, view, grid).pictures, out)
    # The middle of a 3 x 3 grid is the middle of the small case's 7 x 7.
    np.testing.assert_array_equal(atlas.views[4], small_case.atlas.views[24])
    np.testing.assert_array_equal(atlas.line_integrals(4), out[4:5].astype(np.float32))


def test_the_sampling_step_is_the_smallest_voxel_side():
    assert default_step_mm(Volume(np.ones((2, 2, 2)), np.diag([2.0, 0.5, 3.0, 1.0]))) == 0.5


def test_single_precision_is_kept(small_case):
    pictures = np.full((9, 4, 4), 0.1, np.float32)
    assert Atlas(pictures, AtlasGrid(4.0, 4.0), small_case.atlas.view).line_integrals(0, 3).dtype == np.float32
    np.testing.assert_array_equal(
        Atlas(pictures, AtlasGrid(4.0, 4.0), small_case.atlas.view).line_integrals(0, 3), pictures[:2]
    )
