"""Tickets: for one use, soon, and so many at once."""

import pytest

from fluoropose.errors import UnauthenticatedError
from fluoropose.serving.session_registry import OverloadedError
from fluoropose.serving.tickets import Tickets


def test_a_ticket_is_worth_its_key_once():
    tickets = Tickets()
    one, other = tickets.issue("console"), tickets.issue("planner")
    assert one != other
    assert tickets.redeem(one) == "console"
    for worthless in (one, "", "made-up"):
        with pytest.raises(UnauthenticatedError, match="new and was not used"):
            tickets.redeem(worthless)
    assert tickets.redeem(other) == "planner"


def test_a_ticket_does_not_last():
    now = [0.0]
    tickets = Tickets(lambda: now[0], 30.0)
    old = tickets.issue("console")
    now[0] = 20.0
    newer = tickets.issue("console")
    now[0] = 30.0
    with pytest.raises(UnauthenticatedError):
        tickets.redeem(old)
    assert tickets.redeem(newer) == "console"


def test_a_key_holds_so_many_and_leaves_room_for_others():
    tickets = Tickets()
    for _ in range(64):
        tickets.issue("console")
    with pytest.raises(OverloadedError):
        tickets.issue("console")
    assert tickets.issue("planner")
