"""Baselines as methods: settings that can be written, registrars that answer."""

import json

import pytest

from fluoropose.evaluation.baselines.intensity import Search, Stage
from fluoropose.evaluation.methods.baselines import claret_method, cma_method, features_method, intensity_method
from fluoropose.evaluation.methods.method import MethodInputs

BRIEF = Search((Stage("gc", 1 / 32, 20, 0.5, 1e-2),))


@pytest.fixture
def inputs(small_case, models_root):
    return MethodInputs(small_case, models_root / "small")


@pytest.mark.parametrize("make", [lambda: intensity_method(BRIEF), cma_method, claret_method, features_method])
def test_settings_can_be_written(inputs, make):
    assert json.loads(json.dumps(make().settings(inputs)))


def test_a_search_answers(inputs, camera, frame, pose):
    answer = intensity_method(BRIEF).make(inputs)(frame, camera, pose)
    assert answer.status == "DONE"
    assert answer.camera_from_volume.shape == (4, 4)
