"""Frames in which objects overlap, and registering them together or each on its own."""

import numpy as np

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.overlap_frames import (
    perturb_starts,
    register_each_alone,
    register_together,
    simulate_overlap,
)


def test_a_frame_has_a_truth_per_object_and_both_ways_answer_for_each(small_shipped, resident):
    residents = [resident, resident]
    (frame,) = simulate_overlap(residents, 1, 0, 64, Environment())
    assert frame.pixels.shape == (64, 64)
    assert len(frame.truths) == 2
    plans = perturb_starts(residents, frame, [0, 1], "near")
    assert all(plan.nearby for plan in plans)
    for register, times in ((register_together, 1), (register_each_alone, 2)):
        found, spent = register(residents, frame, plans)
        assert len(found) == 2
        assert len(spent.wall_ms) == times
        assert spent.cpu_ms > 0.0


def test_near_starts_are_nearer_than_rough_ones(small_shipped, resident):
    (frame,) = simulate_overlap([resident], 1, 0, 64, Environment())
    off = {}
    for kind in ("rough", "near"):
        (plan,) = perturb_starts([resident], frame, [5], kind)
        off[kind] = np.linalg.norm(plan.start[:3, 3] - frame.truths[0][:3, 3])
    assert off["near"] < 0.5 * off["rough"]
