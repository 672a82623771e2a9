"""Speed of a small case: every figure is there; two views take longer than one."""

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.speed import measure_speed


def test_figures_of_a_few_runs(resident):
    figures = measure_speed(resident, 2, 0, Environment())
    assert figures["object"] == "small"
    assert {"regress", "refine", "total"} <= set(figures["registration_ms"])
    assert set(figures["two_views_ms"]) == {"registration", "tracking"}
    assert figures["atlas"]["views"] == len(resident.case.atlas.views)
    assert set(figures["atlas_error"]["nearest_view_mm"]) == {"1", "2", "4"}
