"""One table: our error's code to HTTP status and title; RFC 9457 bodies."""

from typing import Any

from fluoropose.errors import FluoroposeError

__all__ = ["DOCUMENTED_PROBLEMS", "PROBLEM_MEDIA_TYPE", "problem_body"]

PROBLEM_MEDIA_TYPE = "application/problem+json"

_PROBLEM = {
    "description": "A problem (RFC 9457)",
    "content": {
        PROBLEM_MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "code"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
            }
        }
    },
}
DOCUMENTED_PROBLEMS: dict[int | str, dict[str, Any]] = {422: _PROBLEM, "4XX": _PROBLEM, "5XX": _PROBLEM}
"""What every route may answer instead, for the OpenAPI document."""

_TABLE: dict[str, tuple[int, str]] = {
    "invalid-request": (422, "The request breaks a rule"),
    "invalid-geometry": (422, "Camera or pose cannot be meant"),
    "no-common-world": (422, "Cameras without a common world frame"),
    "same-camera": (422, "The same camera twice"),
    "cameras-contradict": (422, "Cameras contradict each other"),
    "invalid-volume": (422, "Not a usable CT"),
    "object-not-found": (422, "The object is not in the volume"),
    "invalid-frame": (422, "Not a usable frame"),
    "unauthenticated": (401, "No valid key"),
    "forbidden": (403, "The key does not allow this"),
    "unsupported-media": (415, "Media type not supported"),
    "payload-too-large": (413, "Body too large"),
    "unknown-case": (404, "No such case"),
    "unknown-session": (404, "No such session"),
    "unknown-camera": (404, "No such camera"),
    "unknown-object": (404, "No such object in the session"),
    "not-found": (404, "No such resource"),
    "method-not-allowed": (405, "Method not allowed"),
    "conflict": (409, "State does not allow this"),
    "sequence-conflict": (409, "Frame out of order"),
    "session-taken": (409, "Another stream feeds the session"),
    "frame-superseded": (409, "A newer frame took its place"),
    "frame-stale": (504, "Frame older than allowed"),
    "overloaded": (503, "Too much at once"),
    "not-ready": (503, "Not ready"),
    "device-unavailable": (503, "Device not available"),
    "invalid-model": (500, "Model damaged or of another case"),
    "storage-failed": (507, "Disk refused"),
    "internal": (500, "Unexpected fault"),
}


def problem_body(error: FluoroposeError | None, code: str | None = None, detail: str = "") -> dict[str, Any]:
    """Return the problem of one of our errors, or of a bare code."""
    known = code or (error.code if error else "internal")
    status, title = _TABLE.get(known, _TABLE["internal"])
    return {
        "type": f"urn:fluoropose:problem:{known}",
        "title": title,
        "status": status,
        "detail": detail or (str(error) if error else ""),
        "code": known,
    }
