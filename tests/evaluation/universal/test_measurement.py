"""An object is measured with networks that never saw it."""

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.universal.measurement import UniversalPlan, measure_object
from fluoropose.evaluation.universal.objects import measured_objects


def test_the_figures_are_those_of_the_plan():
    cage = next(item for item in measured_objects(None) if item.name == "cage")
    facts = measure_object(cage, UniversalPlan(frames=1, starts=3), Environment(cores=1))
    assert (facts["object"], facts["kind"], facts["trials"]) == ("cage", "unseen family", 3)
    assert 0 <= facts["sure_and_wrong"] <= 3
    assert facts["mtre_proj_mm"]["p50"] < facts["size_mm"]
