"""From our errors to HTTP's problems (RFC 9457): one table gives each code its status and title."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from fluoropose.errors import FluoroposeError

__all__ = [
    "DOCUMENTED_PROBLEMS",
    "PROBLEM_MEDIA_TYPE",
    "install_problem_handlers",
    "problem_body",
    "send_problem",
    "validation_text",
]

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
    "invalid-mesh": (422, "Not a usable mesh"),
    "object-not-found": (422, "The object is not in the volume"),
    "invalid-frame": (422, "Not a usable frame"),
    "unknown-host": (400, "Not this service's name"),
    "foreign-origin": (403, "A page that may not call"),
    "unauthenticated": (401, "No valid key"),
    "forbidden": (403, "The key does not allow this"),
    "elsewhere": (307, "Another service of the fleet has it"),
    "unsupported-media": (415, "Media type not supported"),
    "payload-too-large": (413, "Body too large"),
    "request-timeout": (408, "Request not finished in time"),
    "unknown-case": (404, "No such case"),
    "unknown-session": (404, "No such session"),
    "unknown-camera": (404, "No such camera"),
    "unknown-object": (404, "No such object in the session"),
    "not-found": (404, "No such resource"),
    "method-not-allowed": (405, "Method not allowed"),
    "conflict": (409, "State does not allow this"),
    "read-only": (409, "This server does not write its cases"),
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

_CODES = {404: "not-found", 405: "method-not-allowed", 413: "payload-too-large", 503: "overloaded"}
"""The codes of what the framework, or a middleware within a body, refuses by its status."""

_ENDS_CONNECTION = (413, 503)
"""After these the rest of a body, which may be long, is not read: the connection ends."""


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


def validation_text(errors: Sequence[Any]) -> str:
    """Return three complaints of pydantic on one line, each with its place in the JSON, and how many there are more."""
    parts = []
    for item in errors[:3]:
        place = ".".join(str(part) for part in item["loc"] if part != "body")
        parts.append(f"{place or 'body'}: {item['msg']}")
    more = len(errors) - len(parts)
    return "; ".join([*parts, f"and {more} more"] if more > 0 else parts)


def install_problem_handlers(app: FastAPI) -> None:
    """Let an application answer every error with a problem."""

    @app.exception_handler(FluoroposeError)
    async def answer_own_error(request: Request, error: FluoroposeError) -> JSONResponse:
        return _problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def answer_invalid_body(request: Request, error: RequestValidationError) -> JSONResponse:
        return _problem_response(None, "invalid-request", validation_text(error.errors()))

    @app.exception_handler(HTTPException)
    async def answer_http_error(request: Request, error: HTTPException) -> JSONResponse:
        answer = _problem_response(None, _CODES.get(error.status_code, "invalid-request"), str(error.detail))
        if error.status_code in _ENDS_CONNECTION:
            answer.headers["Connection"] = "close"
        return answer

    @app.exception_handler(ClientDisconnect)
    async def answer_nobody(request: Request, error: ClientDisconnect) -> JSONResponse:
        return _problem_response(None, "invalid-request", "expected a whole body, got the end of the connection")

    @app.exception_handler(Exception)
    async def answer_fault(request: Request, error: Exception) -> JSONResponse:
        return _problem_response(None, "internal", "an unexpected fault; the log holds the reason")


async def send_problem(error: FluoroposeError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a problem; a WebSocket gets it in place of its handshake where the server can, else it is closed."""
    answer = _problem_response(error)
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        body = problem_body(error)
        await send({"type": "websocket.close", "code": 4000 + int(body["status"]), "reason": body["title"]})
        return
    await answer(scope, receive, send)


def _problem_response(error: FluoroposeError | None, code: str | None = None, detail: str = "") -> JSONResponse:
    body = problem_body(error, code, detail)
    headers = {503: {"Retry-After": "1"}, 401: {"WWW-Authenticate": "Bearer"}}.get(body["status"])
    return JSONResponse(body, body["status"], headers=headers, media_type=PROBLEM_MEDIA_TYPE)
