"""Groups are named alone or by family; every one makes runs that hold together."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.trust.groups import GROUPS, choose_groups


def test_groups_are_chosen_by_name_or_family():
    assert choose_groups(()) == GROUPS
    assert [group.name for group in choose_groups(("good", "empty"))] == ["good-1", "good-2", "good-3", "empty"]
    assert len({group.name for group in GROUPS}) == len(GROUPS)


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="good-1.*wrong camera; got 'sofa'"):
        choose_groups(("sofa",))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_run_has_a_truth_and_a_share_for_each_frame(group, draw):
    run = group.make(draw(1))
    assert len(run.frames) == len(run.truths) == len(run.visible) == group.run_length
    assert all(pixels.shape == (run.camera.rows, run.camera.columns) for pixels in run.frames)
    assert all(0.0 <= share <= 1.0 for share in run.visible)
    assert run.condition
    again = group.make(draw(1))
    np.testing.assert_array_equal(run.frames[-1], again.frames[-1])
