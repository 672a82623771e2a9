"""The preparation of a case: its view, its digest, its atlas, the renderers of its rest."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid, render_view
from fluoropose.drr.prepare import (
    canonical_view,
    case_digest,
    open_view_cache,
    prepare_case,
    quick_rest_renderer,
    rest_renderer,
)
from fluoropose.drr.view_renderers import ROUGH_PX
from fluoropose.imaging.volume import bounding_corners
from support.cases import SMALL_CHOICE, small_volume


def test_the_same_volume_gives_the_same_atlas_and_digest(small_case):
    again = prepare_case("other", "test:small:1", small_volume(), SMALL_CHOICE)
    np.testing.assert_array_equal(again.atlas.views, small_case.atlas.views)
    assert again.digest == small_case.digest
    assert prepare_case("other", "test:small:2", small_volume(), SMALL_CHOICE).digest != small_case.digest


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


@pytest.mark.parametrize("name", ["small_case", "surrounded_case"])
def test_what_a_search_compares_of_a_view_in_a_body_is_rendered_without_its_keeping(request, name):
    """It shows what the view shows, shrunk; of a volume alone nothing would be saved, so that the view is cached."""
    case = request.getfixturevalue(name)
    cache = open_view_cache(case, step_deg=2.0)
    index = cache.expected_views(2.0)[0]
    assert cache.missing([index]) == 1
    rough = cache.rough_lines(index)
    assert cache.missing([index]) == (case.rest is not None)
    whole = cache.line_integrals(index)[0]
    if case.rest is not None:
        whole = whole + cache.surroundings_in(index)[0]
        whole = whole.reshape(ROUGH_PX, 2, ROUGH_PX, 2).mean(axis=(1, 3))
        assert np.median(np.abs(rough - whole)) < 0.03 * whole.max()
    else:
        np.testing.assert_array_equal(rough, whole)


def test_the_view_is_centred_on_the_objects_box_and_wide_enough():
    volume = small_volume()
    view, corners = canonical_view(volume, SMALL_CHOICE), bounding_corners(volume)
    np.testing.assert_allclose(view.centre_mm, corners.mean(axis=0))
    assert view.field_mm == pytest.approx(1.1 * np.linalg.norm(np.ptp(corners, axis=0)))
    assert (view.size_px, view.range_mm) == (128, 900.0)


def test_the_digest_is_stable_and_sees_every_choice():
    choices = [
        SMALL_CHOICE,
        replace(SMALL_CHOICE, range_mm=901.0),
        replace(SMALL_CHOICE, size_px=64),
        replace(SMALL_CHOICE, grid=AtlasGrid(12.0, 2.0)),
        replace(SMALL_CHOICE, grid=AtlasGrid(12.0, 4.0, 16.0)),
        replace(SMALL_CHOICE, base_rotation=np.eye(3)),
    ]
    digests = [case_digest("test:small:1", choice) for choice in choices]
    assert len(set(digests)) == len(choices)
    # Stored cases and bundles of earlier releases hold such digests.
    assert digests[0] == "9d4f80ba9d03dc10"
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in digests)
    assert case_digest("test:small:2", SMALL_CHOICE) not in digests
