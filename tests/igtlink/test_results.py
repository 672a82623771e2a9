"""Results as messages: which have a pose, what a STATUS says."""

import numpy as np
import pytest
from pyigtl.messages import TransformMessage

from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.igtlink.naming import DeviceNames
from fluoropose.igtlink.results import ResultForm, result_messages, state_message
from support.igtl import StatusMessage

CAMERA, WORLD = rigid(about_y(0.1), np.array([1.0, 2.0, 890.0])), rigid(about_y(0.2), np.array([4.0, 5.0, 6.0]))


def result(status="TRACKING", reason=None, **more):
    lost = status == "LOST"
    return {
        "type": "result", "seq": 17, "case": "plate", "status": status, "confidence": 0.98, "reason": reason,
        "reason_text": reason and "The object is not seen.", "error_estimate": {"in_plane_mm": 0.2, "depth_mm": None},
        "camera_from_volume": None if lost else CAMERA.tolist(),
        "world_from_volume": None if lost else WORLD.tolist(), **more,
    }  # fmt: skip


def read_status(message):
    got = StatusMessage()
    got._unpack_content(message.content)
    return got.code, got.number, got.name, got.text


def read_matrix(message):
    got = TransformMessage()
    got._unpack_content(message.content)
    return got.matrix


def test_a_tracked_result_is_a_transform_and_a_status():
    moved, told = result_messages(result(), ResultForm(axes="lps"), "", 12.5)
    assert (moved.kind, moved.device, moved.time_s) == ("TRANSFORM", "VolumeToCamera", 12.5)
    np.testing.assert_allclose(read_matrix(moved), CAMERA, atol=1e-4)
    assert read_status(told) == (1, 17, "TRACKING", "found")
    assert told.metadata["confidence"] == "0.9800"
    assert told.metadata["in_plane_mm"] == "0.2000"
    assert "depth_mm" not in told.metadata


def test_a_lost_result_sends_no_transform():
    (told,) = result_messages(result("LOST", "not-seen"), ResultForm(), "", None)
    assert read_status(told) == (4, 17, "LOST", "not-seen: The object is not seen.")
    assert told.metadata["reason_text"] == "The object is not seen."


@pytest.mark.parametrize(("sure_only", "kinds"), [(False, ["TRANSFORM", "STATUS"]), (True, ["STATUS"])])
def test_a_doubtful_pose_is_marked_or_kept_back(sure_only, kinds):
    messages = result_messages(result("LOW_CONFIDENCE", "rival-pose"), ResultForm(sure_only=sure_only), "", None)
    assert [one.kind for one in messages] == kinds
    assert read_status(messages[-1])[0] == 2


def test_the_world_is_a_target_too_and_slicers_axes_are_the_default():
    moved, _ = result_messages(result(), ResultForm(target="world"), "", None)
    turn = np.diag([-1.0, -1.0, 1.0, 1.0])
    np.testing.assert_allclose(read_matrix(moved), turn @ WORLD @ turn, atol=1e-4)


def test_each_object_has_messages_of_its_own():
    objects = [result(case="a"), result("LOST", "not-seen", case="b")]
    form = ResultForm(DeviceNames("{case}To{camera}", "{case}{camera}"))
    messages = result_messages(result(objects=objects), form, "AP", None)
    assert [(one.kind, one.device) for one in messages] == [
        ("TRANSFORM", "aToAP"),
        ("STATUS", "aAP"),
        ("STATUS", "bAP"),
    ]


def test_a_state_belongs_to_no_frame():
    assert read_status(state_message("S", 7, "NO-SERVICE", "gone")) == (7, -1, "NO-SERVICE", "gone")
