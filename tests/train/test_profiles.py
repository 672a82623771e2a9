"""Profiles by name."""

import pytest

from fluoropose.errors import InputError
from fluoropose.train.profiles import PROFILES, profile


def test_profiles_are_named():
    assert profile("quick") is PROFILES["quick"]
    with pytest.raises(InputError, match="tiny, instant, minute, five-minutes, quick, full, got 'slow'"):
        profile("slow")
