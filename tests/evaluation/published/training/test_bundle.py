"""Zones as options name them, refused before anything is trained."""

import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.published.training.bundle import PublishedTrainPlan, train_published


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (PublishedTrainPlan(("1",)), "expected --zone ROW,COLUMN of whole numbers, got '1'"),
        (PublishedTrainPlan(("4,0",)), "expected a zone centred within 12 degrees"),
        (PublishedTrainPlan(variant="best"), "expected a variant of paper, no-cnn"),
    ],
)
def test_plans_that_cannot_be_run_are_refused(small_case, tmp_path, plan, message):
    with pytest.raises(InputError, match=message):
        train_published(small_case, tmp_path / "x", plan, Environment())
