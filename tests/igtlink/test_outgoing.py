"""TRANSFORM and STATUS as others read them, and the axes of 3D Slicer."""

import numpy as np
import pytest
from pyigtl.messages import TransformMessage

from fluoropose.errors import InputError
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.igtlink.outgoing import axes_matrix, status_content, transform_content
from support.igtl import StatusMessage

POSE = rigid(about_y(0.3), np.array([1.5, -2.25, 890.0]))


def test_pyigtl_reads_the_matrix():
    message = TransformMessage()
    message._unpack_content(transform_content(POSE))
    np.testing.assert_allclose(message.matrix, POSE, atol=1e-4)


def test_ras_turns_the_first_two_axes_of_both_frames():
    point_lps = np.array([10.0, 20.0, 30.0, 1.0])
    turn = np.diag([-1.0, -1.0, 1.0, 1.0])
    np.testing.assert_allclose(axes_matrix(POSE, "ras") @ (turn @ point_lps), turn @ (POSE @ point_lps))


def test_lps_changes_nothing():
    np.testing.assert_array_equal(axes_matrix(POSE, "lps"), POSE)


def test_other_axes_are_refused():
    with pytest.raises(InputError, match="ras, lps, got 'xyz'"):
        axes_matrix(POSE, "xyz")


def test_a_status_is_read_as_the_page_says():
    message = StatusMessage()
    message._unpack_content(status_content(4, -1, "LOST", "not-seen: größer"))
    assert (message.code, message.number, message.name) == (4, -1, "LOST")
    assert message.text == "not-seen: gr??er"


def test_a_long_status_is_cut():
    message = StatusMessage()
    message._unpack_content(status_content(1, 0, "A" * 30, "b" * 5000))
    assert (message.name, len(message.text)) == ("A" * 20, 1000)
