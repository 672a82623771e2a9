"""Budgets of bytes: in all and of one holder, and all is given back."""

from fluoropose.transports.byte_budget import ByteBudget


def test_a_holder_and_all_holders_have_their_most():
    budget = ByteBudget(100, 60)
    assert budget.take("a", 60)
    assert not budget.take("a", 1)
    assert budget.take("b", 40)
    assert not budget.take("b", 1)
    assert budget.held_bytes == 100
    budget.give_back("a", 60)
    assert budget.take("b", 20)
    budget.give_back("b", 60)
    assert budget.held_bytes == 0
