"""All objects, one after the other, and what they give together."""

import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.universal import run
from fluoropose.evaluation.universal.run import UniversalRun, measure_objects


def test_the_whole_counts_every_trial_alike(monkeypatch):
    figures = {"knee": (0.5, 10, 1), "gear": (1.0, 30, 0)}

    def measure(item, plan, environment):
        rate, trials, wrong = figures[item.name]
        return {"object": item.name, "success_rate": rate, "trials": trials, "sure_and_wrong": wrong}

    monkeypatch.setattr(run, "measure_object", measure)
    said = []
    found = measure_objects(UniversalRun(only=("knee", "gear")), Environment(), said.append)
    assert found["success_rate"] == pytest.approx(35 / 40)
    assert (found["trials"], found["sure_and_wrong"]) == (40, 1)
    assert said == ["knee: 50.0 % of 10", "gear: 100.0 % of 30"]


def test_names_that_no_object_has_are_refused():
    with pytest.raises(InputError, match="got sofa"):
        measure_objects(UniversalRun(only=("knee", "sofa")), Environment(), lambda line: None)
