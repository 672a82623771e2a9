import sys
from pathlib import Path

import pytest

from fluoropose.errors import InputError
from fluoropose.fleet.plan import FleetPlan, WorkerShare, plan_from_values, port_range
from fluoropose.transports.serve_plan import WorkerPlan, worker_plan

PLAN = FleetPlan("s3://cases/hospital", Path("models"), Path("cache"))


def test_a_worker_is_the_command_serve_with_ports_of_its_own():
    command = PLAN.serve_command(9000, 9001)
    assert command[:4] == [sys.executable, "-m", "fluoropose", "serve"]
    given = dict(zip(command[4:-1:2], command[5:-1:2], strict=True))
    assert (given["--cases"], given["--port"], given["--grpc-port"]) == ("s3://cases/hospital", "9000", "9001")
    assert "--keys" not in given and "--budget-mb" not in given
    assert command[-1] == "--no-console"


def test_keys_tls_and_the_share_go_with_it():
    plan = FleetPlan(
        "cases", Path("m"), Path("c"), keys=Path("k.json"), tls_key=Path("k.pem"), tls_chain=Path("c.pem"),
        behind_proxy=True, share=WorkerShare(sessions=7, budget_mb=500.0, device="cuda"),
    )  # fmt: skip
    command = " ".join(plan.serve_command(1, 2))
    for part in ("--keys k.json", "--tls-key k.pem", "--tls-cert c.pem", "--behind-proxy", "--max-sessions 7"):
        assert part in command
    assert "--budget-mb 500.0" in command and "--device cuda" in command
    assert (plan.scheme, PLAN.scheme) == ("https", "http")


@pytest.mark.parametrize("writer", [True, False])
def test_what_a_worker_is_told_is_what_serve_understands(writer):
    told = worker_plan(PLAN.worker_fields("w1", "secret", writer=writer))
    assert isinstance(told, WorkerPlan)
    assert (told.name, told.token, told.writes) == ("w1", "secret", writer)


def test_ports_are_a_range_of_two_or_more():
    assert port_range("") is None
    assert port_range("9000-9099") == (9000, 9099)
    for text in ("9000", "9099-9000", "a-b", "0-5", "1-70000"):
        with pytest.raises(InputError, match="FIRST-LAST"):
            port_range(text)


def test_values_become_a_plan_and_unknown_ones_are_said():
    plan = plan_from_values({"cases": "/cases", "keys": "/k.json", "ports": [9000, 9001], "share": {"cpus": 2}})
    assert (plan.keys, plan.ports, plan.share.cpus) == (Path("/k.json"), (9000, 9001), 2)
    for values in (
        {"cases": "/c", "colour": 1},
        {},
        {"cases": "/c", "share": {"colour": 1}},
        {"cases": "/c", "ports": [1]},
    ):
        with pytest.raises(InputError, match="expected the values of a fleet"):
            plan_from_values(values)
