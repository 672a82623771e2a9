"""Each attack for a second beside an honest stream: refused with its code, memory bounded, the stream goes on.

Times are printed and decide nothing here: this machine may be busy with other things. `tests/tools/attack.py` runs
longer, and its figures are those of SECURITY.md.
"""

import json

import pytest

from support.attacks import doors, frames, pages, sockets
from support.attacks.runner import run_attack

OPEN = [*frames.ATTACKS, *pages.ATTACKS, *sockets.ATTACKS]


def check(report):
    print(json.dumps(report.as_dict()))
    assert report.refused, (report.seen, report.expected)
    assert report.growth_mb < 300, report.growth_mb
    assert report.beside["answered"] > 0


@pytest.mark.parametrize("attack", OPEN, ids=lambda attack: attack.name)
def test_an_attack_is_refused_and_the_stream_goes_on(target, attack):
    check(run_attack(attack, target, 1.0, baseline={}))


@pytest.mark.parametrize("attack", doors.ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_at_the_door_is_refused(locked_target, attack):
    check(run_attack(attack, locked_target, 1.0, baseline={}))
