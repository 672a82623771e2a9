"""Methods by name: lists, sweeps, mistakes."""

import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.methods.table import METHODS, choose_methods, find_method


def test_lists_and_sweeps():
    assert choose_methods("all") == tuple(METHODS)
    assert choose_methods("ours, features", "1,9") == ("ours", "features", "ours-sweeps-1", "ours-sweeps-9")
    assert find_method("ours-sweeps-3").wide is False
    assert not find_method("ours").slow


@pytest.mark.parametrize("names", ["magic", "", "ours-sweeps-0", "ours-sweeps-100"])
def test_unknown_names_are_refused(names):
    with pytest.raises(InputError, match="expected a method of ours, "):
        choose_methods(names)


def test_a_method_comes_once():
    with pytest.raises(InputError, match="each method once"):
        choose_methods("ours,ours")
