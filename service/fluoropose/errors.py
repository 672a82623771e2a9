"""The whole error tree. Messages read "expected ..., got ..."; `code` is stable and reaches the client.

FluoroposeError
+-- InputError                 the caller's fault
|   +-- GeometryError          camera or pose that cannot be meant
|   +-- VolumeError            not a CT we can use
|   +-- ObjectSelectionError   the object is not in the volume
|   +-- FrameError             an X-ray frame that cannot be read
|   +-- UnknownCaseError       no such case
|   +-- UnknownSessionError    no such session
|   +-- ConflictError          the thing exists, or is not in a state that allows this
+-- BundleError                a model that is damaged or made for another case
+-- StorageError               the disk did not take or give what it should
+-- DeviceError                the device that was asked for cannot serve
+-- NotReadyError              starting, draining or preparing
+-- AccessError                turned away at the door
    +-- UnauthenticatedError   no key, or none that is known and valid
    +-- ForbiddenError         a key that does not allow this
"""

__all__ = [
    "AccessError",
    "BundleError",
    "ConflictError",
    "DeviceError",
    "FluoroposeError",
    "ForbiddenError",
    "FrameError",
    "GeometryError",
    "InputError",
    "NotReadyError",
    "ObjectSelectionError",
    "StorageError",
    "UnauthenticatedError",
    "UnknownCaseError",
    "UnknownSessionError",
    "VolumeError",
]


class FluoroposeError(Exception):
    """Anything this package raises on purpose."""

    code = "internal"


class InputError(FluoroposeError):
    """The caller gave something that cannot be used."""

    code = "invalid-request"


class GeometryError(InputError):
    """A camera or a pose breaks its rules (spacing, size, rigidity)."""

    code = "invalid-geometry"


class VolumeError(InputError):
    """A volume cannot be read or is not a CT (series mixed, tilted, empty, not finite)."""

    code = "invalid-volume"


class ObjectSelectionError(InputError):
    """The label, window or box that chooses the object selects nothing."""

    code = "object-not-found"


class FrameError(InputError):
    """A frame is truncated, of the wrong size or dtype, not finite or empty of signal."""

    code = "invalid-frame"


class UnknownCaseError(InputError):
    """No case of that name is stored here."""

    code = "unknown-case"


class UnknownSessionError(InputError):
    """No session of that name is open here."""

    code = "unknown-session"


class ConflictError(InputError):
    """The thing exists already, or its state does not allow the request."""

    code = "conflict"


class BundleError(FluoroposeError):
    """A model bundle is damaged, or was made for another case."""

    code = "invalid-model"


class StorageError(FluoroposeError):
    """Reading or writing the disk failed; nothing half-written is left."""

    code = "storage-failed"


class DeviceError(FluoroposeError):
    """The device that was asked for is not there or a node fell back from it."""

    code = "device-unavailable"


class NotReadyError(FluoroposeError):
    """The service, or the case, is not ready yet or is going away."""

    code = "not-ready"


class AccessError(FluoroposeError):
    """Turned away at the door; `reason` is for the metrics: missing, unknown, expired or scope."""

    code = "unauthenticated"

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnauthenticatedError(AccessError):
    """No key came, or none that is known and still valid."""


class ForbiddenError(AccessError):
    """The key is valid and does not allow this."""

    code = "forbidden"
