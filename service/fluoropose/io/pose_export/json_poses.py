"""Poses of a run as JSON: {"case", "target", "frames": [{"frame", "status", ..., "target_from_volume"}]}."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from fluoropose.errors import InputError
from fluoropose.geometry.rigid import check_rigid
from fluoropose.io.pose_export.pose_record import PoseRecord, PoseRun

__all__ = ["json_text", "run_from_json", "run_json"]


def run_json(run: PoseRun) -> dict[str, Any]:
    """Return a run as it goes to JSON; a pose is called after its target as in the API, null where none was found."""
    frames = [
        {
            "frame": one.frame,
            **({} if one.time_s is None else {"time_s": one.time_s}),
            "status": one.status,
            "confidence": one.confidence,
            "reason": one.reason or None,
            f"{run.target}_from_volume": None if one.target_from_volume is None else one.target_from_volume.tolist(),
            "error_estimate": dict(one.error_estimate) or None,
        }
        for one in run.records
    ]
    return {"case": run.case, "target": run.target, "frames": frames}


def json_text(run: PoseRun) -> str:
    """Return a run as a JSON file's text."""
    return json.dumps(run_json(run), indent=1) + "\n"


def run_from_json(text: str) -> PoseRun:
    """Return the run in a text that `json_text` made, or raise InputError or GeometryError."""
    try:
        value = json.loads(text)
        target = str(value["target"])
        records = [_record(one, target) for one in value["frames"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"expected the poses of a run as JSON, got: {type(error).__name__} {str(error)[:100]}"
        ) from error
    return PoseRun(str(value["case"]), records, target)


def _record(one: Mapping[str, Any], target: str) -> PoseRecord:
    pose = one[f"{target}_from_volume"]
    return PoseRecord(
        int(one["frame"]),
        None if pose is None else np.array(check_rigid(pose, f"{target}_from_volume")),
        str(one["status"]),
        float(one["confidence"]),
        str(one.get("reason") or ""),
        one.get("time_s"),
        dict(one.get("error_estimate") or {}),
    )
