"""The request that opened a session, kept up to date: what a client opens again when the connection is lost."""

from typing import Any

import numpy as np

__all__ = ["changed", "followed", "given", "plain"]

_SURE = "TRACKING"


def plain(value: Any) -> Any:
    """Return a value with its arrays as nested lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are not None, with arrays as nested lists."""
    return {key: plain(value) for key, value in fields.items() if value is not None}


def followed(body: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Return the request with the sure poses of a result as starts."""
    sure = {
        found["case"]: found["world_from_volume"]
        for found in result.get("objects", [result])
        if found["status"] == _SURE
    }
    if "cases" not in body:
        return body | {"initial_pose": sure[body["case"]]} if body["case"] in sure else body
    return body | {"cases": [_started(start, sure.get(start["case"])) for start in body["cases"]]}


def changed(body: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return the request as if it had opened the session as a change leaves it."""
    after = dict(body)
    if "camera" in change:
        after = _with_camera(after, change["camera"])
    if "cameras" in change:
        after["cameras"] = after.get("cameras", {}) | change["cameras"]
    if change.get("add") or change.get("remove"):
        starts = after.pop("cases", None) or [_started({"case": after.pop("case")}, after.pop("initial_pose", None))]
        kept = [start for start in starts if start["case"] not in change.get("remove", [])]
        after["cases"] = kept + change.get("add", [])
    if "initial_pose" in change:
        pose, cases = change["initial_pose"], after.get("cases")
        if cases is None:
            after["initial_pose"] = pose
        else:
            case = change.get("case", cases[0]["case"])
            after["cases"] = [_started(start, pose if start["case"] == case else None) for start in cases]
    return after


def _with_camera(body: dict[str, Any], camera: dict[str, Any]) -> dict[str, Any]:
    if "cameras" in body:
        return body | {"cameras": dict.fromkeys(body["cameras"], camera)}
    return body | {"camera": camera}


def _started(start: dict[str, Any], pose: Any) -> dict[str, Any]:
    return start if pose is None else start | {"initial_pose": pose}
