"""A service's events as OpenIGTLink messages: a TRANSFORM of each pose, a STATUS of each object, whatever it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fluoropose.igtlink.messages import Message
from fluoropose.igtlink.naming import DeviceNames
from fluoropose.igtlink.outgoing import axes_matrix, status_content, transform_content

__all__ = ["LINK_LOST", "NOT_READY", "PROBLEM", "ResultForm", "result_messages", "state_message"]

_CODES = {"TRACKING": 1, "LOW_CONFIDENCE": 2, "LOST": 4}
"""STATUS has a code of its own for each: OK, unknown error, not found."""

PROBLEM, LINK_LOST, NOT_READY = 10, 7, 13
"""Codes of STATUS: what the service refuses (configuration), no connection to it, no result yet."""


@dataclass(frozen=True, slots=True)
class ResultForm:
    """How results are sent: which pose (`target` is "camera" or "world"), between which axes, under which names.

    With `sure_only` a LOW_CONFIDENCE pose is not sent; a LOST result never has one.
    """

    names: DeviceNames = DeviceNames()
    target: str = "camera"
    axes: str = "ras"
    sure_only: bool = False


def result_messages(event: Mapping[str, Any], form: ResultForm, camera: str, time_s: float | None) -> list[Message]:
    """Return the messages of a result: of each object a STATUS, before it a TRANSFORM if there is a pose to send.

    Parameters
    ----------
    event : a result as the service's JSON has it
    form : which pose goes out, and how
    camera : what the frame's camera is called in names
    time_s : when the frame was captured, as its IMAGE said
    """
    messages = []
    for one in event.get("objects") or [event]:
        told = _metadata(one, event, form)
        pose = one.get(f"{form.target}_from_volume")
        if pose is not None and (one["status"] == "TRACKING" or not form.sure_only):
            matrix = axes_matrix(np.array(pose, np.float64), form.axes)
            name = form.names.transform_of(one["case"], camera)
            messages.append(Message("TRANSFORM", name, transform_content(matrix), time_s, told))
        code = _CODES.get(one["status"], 2)
        text = f"{one['reason']}: {one.get('reason_text') or ''}".rstrip(": ") if one.get("reason") else "found"
        content = status_content(code, int(event["seq"]), one["status"], text)
        messages.append(Message("STATUS", form.names.status_of(one["case"], camera), content, time_s, told))
    return messages


def state_message(name: str, code: int, word: str, text: str) -> Message:
    """Return a STATUS that belongs to no frame: its device, code, short word and text."""
    return Message("STATUS", name, status_content(code, -1, word, text))


def _metadata(one: Mapping[str, Any], event: Mapping[str, Any], form: ResultForm) -> dict[str, str]:
    """Return what messages with metadata tell beside the pose, as texts."""
    told = {"status": one["status"], "reason": one.get("reason") or "", "reason_text": one.get("reason_text") or ""}
    told |= {"confidence": f"{one['confidence']:.4f}", "frame": str(event["seq"]), "case": one["case"]}
    told |= {"axes": form.axes, "target": form.target}
    errors = one.get("error_estimate") or {}
    return told | {name: f"{value:.4f}" for name, value in errors.items() if isinstance(value, int | float)}
