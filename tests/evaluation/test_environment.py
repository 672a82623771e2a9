"""An environment without anybody who looks is quiet, and does not change."""

import dataclasses

import pytest

from fluoropose.evaluation.environment import Environment


def test_it_is_quiet_and_frozen():
    environment = Environment()
    assert (environment.device, environment.threads, environment.cores) == ("cpu", 1, 1)
    environment.say("nothing")
    with pytest.raises(dataclasses.FrozenInstanceError):
        environment.cores = 2
