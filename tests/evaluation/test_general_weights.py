"""The general weights' plan is checked before anything is drawn."""

import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.general_weights import GeneralWeightsPlan, train_general_weights


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (GeneralWeightsPlan("middle"), "a stage of coarse, fine"),
        (GeneralWeightsPlan("fine", from_kept=True), "weights of the stage fine"),
    ],
)
def test_plans_that_cannot_be_run_are_refused(tmp_path, plan, message):
    with pytest.raises(InputError, match=message):
        train_general_weights(tmp_path / "general", plan, Environment())
