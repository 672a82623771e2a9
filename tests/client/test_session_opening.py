"""What a client opens again after its connection was lost."""

import numpy as np

from fluoropose.client.session_opening import drop_none, update_from_change, update_from_result

ONE = {"case": "x", "camera": {"rows": 4}, "initial_pose": "start"}
TWO = {"cases": [{"case": "x", "initial_pose": "start"}, {"case": "y"}], "cameras": {"a": 1, "b": 2}}


def found(case, status="TRACKING"):
    return {"case": case, "status": status, "world_from_volume": f"{case} seen", "camera_from_volume": "elsewhere"}


def test_arrays_travel_as_lists_and_nothing_as_nothing():
    assert drop_none({"a": np.eye(2), "b": None, "c": [{"d": np.zeros(1)}]}) == {
        "a": [[1.0, 0.0], [0.0, 1.0]],
        "c": [{"d": [0.0]}],
    }


def test_a_sure_pose_in_the_world_is_the_next_start():
    assert update_from_result(ONE, found("x")) == ONE | {"initial_pose": "x seen"}
    assert update_from_result(ONE, found("x", "LOST")) == ONE
    both = update_from_result(TWO, found("x") | {"objects": [found("x"), found("y", "LOW_CONFIDENCE")]})
    assert both["cases"] == [{"case": "x", "initial_pose": "x seen"}, {"case": "y"}]


def test_objects_that_came_and_went_are_those_of_the_last_result():
    added = update_from_result(ONE, found("x") | {"objects": [found("x"), found("z")], "searching": ["w"]})
    assert added["cases"] == [
        {"case": "x", "initial_pose": "x seen"},
        {"case": "z", "initial_pose": "z seen"},
        {"case": "w"},
    ]
    assert "case" not in added
    assert update_from_result(added, found("z"))["cases"] == [{"case": "z", "initial_pose": "z seen"}]


def test_changes_of_cameras_and_starts_are_kept():
    assert update_from_change(ONE, {"camera": "new", "initial_pose": "there"}) == ONE | {
        "camera": "new",
        "initial_pose": "there",
    }
    after = update_from_change(TWO, {"cameras": {"b": 3}, "initial_pose": "there", "case": "y"})
    assert after["cameras"] == {"a": 1, "b": 3}
    assert after["cases"] == [{"case": "x", "initial_pose": "start"}, {"case": "y", "initial_pose": "there"}]
    assert update_from_change(ONE, {"remove": ["x"], "add": [{"case": "q"}]}) == ONE
    assert update_from_change(TWO, {"camera": "new"})["cameras"] == {"a": "new", "b": "new"}


def test_what_is_included_is_asked_for_again():
    body = {"case": "x", "include": ["outline"]}
    assert update_from_change(body, {"include": []})["include"] == []
    assert update_from_change(body, {"case": "x"})["include"] == ["outline"]
