"""What is recorded of an answer, of a run that is tracked, and of a frame that is refused."""

from dataclasses import replace

import numpy as np

from fluoropose.evaluation.trust.answers import answer_run
from fluoropose.evaluation.trust.groups import choose_groups


def test_a_good_frame_is_recorded_with_its_errors(draw):
    (group,) = choose_groups(("good-1",))
    (one,) = answer_run(group, draw())
    assert (one.group, one.family, one.object, one.renderer) == ("good-1", "good", "small", "sampled")
    assert one.possible and one.right and one.mtre_proj_mm < one.start_mm
    assert len(one.stated) == 3 and len(one.sigmas) == 6
    assert np.hypot(*one.offset_mm[:2]) < 1.0


def test_where_no_pose_is_right_there_are_no_errors(draw):
    (group,) = choose_groups(("empty",))
    (one,) = answer_run(group, draw())
    assert not one.possible and one.mtre_proj_mm is None and one.sigmas is None
    assert one.status in ("TRACKING", "LOW_CONFIDENCE", "LOST")


def test_a_run_is_tracked_frame_by_frame(draw):
    (group,) = choose_groups(("tracked",))
    records = answer_run(group, draw())
    assert [one.step for one in records] == list(range(10))
    assert records[0].start_mm is not None and records[1].start_mm is None
    assert sum(one.accepted and one.right for one in records[:5]) >= 3


def test_a_frame_that_is_refused_as_input_is_recorded_so(draw):
    (group,) = choose_groups(("good-1",))

    def cut(one):
        run = group.make(one)
        return replace(run, frames=(run.frames[0][:10],))

    (one,) = answer_run(replace(group, make=cut), draw())
    assert one.status == "REFUSED"
    assert one.reason
    assert not one.accepted and not one.right
