"""The preparation of a case: its view, its digest, its atlas, the renderers of its rest."""

import numpy as np

from fluoropose.drr.atlas import render_view
from fluoropose.drr.prepare import prepare_case, quick_rest_renderer, rest_renderer
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
