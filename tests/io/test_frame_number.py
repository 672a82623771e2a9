"""The number of a frame among several."""

import pytest

from fluoropose.errors import FrameError
from fluoropose.io.frame_number import chosen_frame


def test_the_one_asked_for_or_the_middle_one():
    assert [chosen_frame(number, 5) for number in (0, 4, None)] == [0, 4, 2]


@pytest.mark.parametrize(("number", "count"), [(5, 5), (-1, 5), (None, 0)])
def test_a_number_beyond_the_frames_is_refused(number, count):
    with pytest.raises(FrameError, match=f"expected a frame number of 0 to {count - 1}, got {number or 0}"):
        chosen_frame(number, count)
