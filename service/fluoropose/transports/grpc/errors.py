"""From our errors to gRPC's status codes; the details of a status begin with the error's own code."""

import grpc

from fluoropose.errors import DeviceError, FluoroposeError, InputError, NotReadyError

__all__ = ["status_code", "status_details"]

_CODES = {
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "forbidden": grpc.StatusCode.PERMISSION_DENIED,
    "unknown-case": grpc.StatusCode.NOT_FOUND,
    "unknown-session": grpc.StatusCode.NOT_FOUND,
    "unknown-camera": grpc.StatusCode.NOT_FOUND,
    "unknown-object": grpc.StatusCode.NOT_FOUND,
    "conflict": grpc.StatusCode.FAILED_PRECONDITION,
    "elsewhere": grpc.StatusCode.FAILED_PRECONDITION,
    "session-taken": grpc.StatusCode.ABORTED,
    "sequence-conflict": grpc.StatusCode.ABORTED,
    "frame-superseded": grpc.StatusCode.ABORTED,
    "frame-stale": grpc.StatusCode.DEADLINE_EXCEEDED,
    "overloaded": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "request-timeout": grpc.StatusCode.DEADLINE_EXCEEDED,
}


def status_code(error: FluoroposeError) -> grpc.StatusCode:
    """Return the status that a call ends with which one of our errors ended."""
    if error.code in _CODES:
        return _CODES[error.code]
    if isinstance(error, InputError):
        return grpc.StatusCode.INVALID_ARGUMENT
    return grpc.StatusCode.UNAVAILABLE if isinstance(error, NotReadyError | DeviceError) else grpc.StatusCode.INTERNAL


def status_details(error: FluoroposeError) -> str:
    """Return the details of such a status: the error's code, a colon, the error's text."""
    return f"{error.code}: {error}"
