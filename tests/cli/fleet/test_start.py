"""What is refused before Ray starts; tests/fleet/engine/test_door.py runs a fleet."""

import pytest

from support.commands import refused, run


@pytest.mark.parametrize(
    "words, complaint",
    [
        (("--host", "0.0.0.0"), "expected a loopback address or --keys"),
        (("--worker-ports", "9000"), "expected ports as FIRST-LAST"),
        (("--node", "10.0.0.7"), "expected --ray-token"),
        (("--ray-token", "no-such-file"), "expected a file with the secret"),
    ],
)
def test_a_fleet_that_would_be_open_to_all_is_not_started(words, complaint, tmp_path):
    pytest.importorskip("ray", reason="the extra fleet is not installed")
    refused(run("fleet", "start", "--cases", tmp_path, *words), complaint)
