"""Which trials a plan of the study has; the steps are run with `evaluate wrist`."""

from fluoropose.evaluation.studies.wrist.single_view import SingleViewPlan
from fluoropose.evaluation.trials import TrialKey


def test_slow_methods_have_a_count_of_their_own():
    plan = SingleViewPlan(("ours", "features"), (1.0, 2.0), 2, 1)
    assert len(plan.keys_of("ours")) == 4
    assert plan.keys_of("features") == [TrialKey("features", 1.0, 0), TrialKey("features", 2.0, 0)]
