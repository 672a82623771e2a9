"""What to serve: half a pair of TLS files and open addresses are refused."""

from pathlib import Path

import pytest

from fluoropose.errors import InputError
from fluoropose.transports.serve_plan import ServePlan, worker_plan

KEY, CHAIN, AUTHORITY, KEYS = (Path(name) for name in ("k.pem", "c.pem", "ca.pem", "keys.json"))


def plan(**fields):
    return ServePlan(Path("cases"), Path("models"), **fields)


def test_tls_files_come_in_pairs():
    assert plan().tls() is None
    tls = plan(tls_key=KEY, tls_chain=CHAIN, client_authority=AUTHORITY).tls()
    assert (tls.key, tls.chain, tls.client_authority) == (KEY, CHAIN, AUTHORITY)
    for fields in ({"tls_key": KEY}, {"tls_chain": CHAIN}, {"client_authority": AUTHORITY}):
        with pytest.raises(InputError, match="expected"):
            plan(**fields).tls()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"host": "::1"},
        {"host": "0.0.0.0", "behind_proxy": True},
        {"host": "0.0.0.0", "keys": KEYS, "behind_proxy": True},
        {"host": "0.0.0.0", "keys": KEYS, "tls_key": KEY, "tls_chain": CHAIN},
    ],
)
def test_guarded_addresses(fields):
    plan(**fields).require_guarded()


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"host": "0.0.0.0"}, "a loopback address or --keys"), ({"host": "0.0.0.0", "keys": KEYS}, "expected TLS")],
)
def test_open_addresses_are_refused(fields, words):
    with pytest.raises(InputError, match=words):
        plan(**fields).require_guarded()


@pytest.mark.parametrize(
    ("fields", "served"),
    [
        ({}, True),
        ({"console": False}, False),
        ({"host": "0.0.0.0"}, False),
        ({"host": "0.0.0.0", "console": True}, True),
    ],
)
def test_the_console_is_on_by_default_on_loopback_alone(fields, served):
    assert plan(**fields).has_console is served


def test_a_fleet_tells_a_worker_what_it_is_and_another_versions_words_are_refused():
    assert worker_plan(None) is None
    told = worker_plan({"name": "w1", "token": "secret", "parent": 7})
    assert (told.name, told.parent, told.writes) == ("w1", 7, False)
    with pytest.raises(InputError, match="FLUOROPOSE_WORKER"):
        worker_plan({"name": "w1", "colour": "green"})
