import pytest

from support.commands import refused, run


def test_a_machine_beyond_this_one_joins_with_the_secret_alone():
    pytest.importorskip("ray", reason="the extra fleet is not installed")
    refused(run("fleet", "join", "10.0.0.7:6379", "--node", "10.0.0.8"), "expected --ray-token")
