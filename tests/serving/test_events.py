"""Events are values."""

import numpy as np
import pytest

from fluoropose.serving.events import GoingAway, Pong, StreamEnd


def test_events_of_equal_fields_are_equal_where_they_hold_no_array():
    assert StreamEnd("closed") == StreamEnd("closed") != StreamEnd("expired")
    assert Pong(1.0, 2.0) == Pong(1.0, 2.0)
    assert GoingAway(500, np.eye(4)) != GoingAway(500, np.eye(4))


def test_events_do_not_change():
    with pytest.raises(AttributeError):
        StreamEnd("closed").reason = "expired"
