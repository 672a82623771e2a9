"""The request that opens a session, kept up to date so that a client can open it again after a lost connection."""

from typing import Any

import numpy as np

__all__ = ["convert_arrays", "drop_none", "update_from_change", "update_from_result"]

_SURE = "TRACKING"


def convert_arrays(value: Any) -> Any:
    """Return a value whose arrays, at any depth of dicts and lists, are nested lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: convert_arrays(one) for key, one in value.items()}
    return [convert_arrays(one) for one in value] if isinstance(value, list | tuple) else value


def drop_none(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are not None, their arrays as nested lists."""
    return {key: convert_arrays(value) for key, value in fields.items() if value is not None}


def update_from_result(body: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Return the request with the objects that the session followed in a result; sure poses become their starts."""
    found = result.get("objects", [result])
    poses = {start["case"]: start.get("initial_pose") for start in body.get("cases", [body])}
    poses |= {one["case"]: one["world_from_volume"] for one in found if one["status"] == _SURE}
    cases = [one["case"] for one in found] + result.get("searching", [])
    starts = [drop_none({"case": case, "initial_pose": poses.get(case)}) for case in cases]
    rest = {key: value for key, value in body.items() if key not in ("case", "cases", "initial_pose")}
    return rest | (starts[0] if "cases" not in body and len(starts) == 1 else {"cases": starts})


def update_from_change(body: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return the request with the cameras and the start pose of a change, and what results are to include.

    Objects that a change adds or removes are left to `update_from_result`.
    """
    after = dict(body)
    if "camera" in change and "cameras" not in body:
        after["camera"] = change["camera"]
    elif "camera" in change:
        after["cameras"] = dict.fromkeys(body["cameras"], change["camera"])
    if "include" in change:
        after["include"] = change["include"]
    if "cameras" in change and "cameras" in body:
        after["cameras"] = body["cameras"] | change["cameras"]
    if "initial_pose" in change and "cases" not in body:
        after["initial_pose"] = change["initial_pose"]
    elif "initial_pose" in change:
        start = {"case": change.get("case"), "initial_pose": change["initial_pose"]}
        after["cases"] = [start if one["case"] == start["case"] else one for one in body["cases"]]
    return after
