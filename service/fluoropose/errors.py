"""All errors of this package. Messages read "expected ..., got ..."; `code` is stable and reaches the client.

FluoroposeError
+-- InputError                 the caller gave something that cannot be used
|   +-- GeometryError          a camera or a pose breaks its rules
|   +-- VolumeError            a volume cannot be read or is not a CT
|   +-- MeshError              a mesh cannot be read or encloses no solid
|   +-- ObjectSelectionError   the selection holds no object, or there is none where one is needed
|   +-- FrameError             an X-ray frame cannot be read or shows nothing
|   +-- UnknownCaseError       no case of that name is stored
|   +-- UnknownSessionError    no session of that name is open
|   +-- ConflictError          the thing exists, or its state does not allow the request
+-- BundleError                a model is damaged or was made for another case
+-- StorageError               reading or writing the disk failed
+-- DeviceError                the device that was asked for cannot be used
+-- NotReadyError              the service or a case is starting, preparing or shutting down
+-- AccessError                the request is not authorised
    +-- UnauthenticatedError   the request has no key, or an unknown or expired one
    +-- ForbiddenError         the key does not allow the request
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
    "MeshError",
    "NotReadyError",
    "ObjectSelectionError",
    "StorageError",
    "UnauthenticatedError",
    "UnknownCaseError",
    "UnknownSessionError",
    "VolumeError",
]


class FluoroposeError(Exception):
    """The base of every error that this package raises on purpose."""

    code = "internal"


class InputError(FluoroposeError):
    """The caller gave something that cannot be used."""

    code = "invalid-request"


class GeometryError(InputError):
    """A camera or a pose breaks its rules: spacing, size, rigidity."""

    code = "invalid-geometry"


class VolumeError(InputError):
    """A volume cannot be read or is not a CT: mixed series, missing slices, no placement, values not finite."""

    code = "invalid-volume"


class MeshError(InputError):
    """A mesh cannot be read or encloses no solid: open, one-sided, empty, not finite, of another unit, too large."""

    code = "invalid-mesh"


class ObjectSelectionError(InputError):
    """The label, window or box that chooses the object selects nothing, or is missing where a whole CT needs one."""

    code = "object-not-found"


class FrameError(InputError):
    """A frame is truncated, of the wrong size or dtype, not finite or empty of signal."""

    code = "invalid-frame"


class UnknownCaseError(InputError):
    """No case of that name is stored."""

    code = "unknown-case"


class UnknownSessionError(InputError):
    """No session of that name is open."""

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
    """The device that was asked for is missing, or a node of a network does not run on it."""

    code = "device-unavailable"


class NotReadyError(FluoroposeError):
    """The service, or a case, is not ready yet or is shutting down."""

    code = "not-ready"


class AccessError(FluoroposeError):
    """The request is not authorised; `reason` labels it in the metrics: missing, unknown, expired or scope."""

    code = "unauthenticated"

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnauthenticatedError(AccessError):
    """The request has no key, or one that is unknown or expired."""


class ForbiddenError(AccessError):
    """The key is valid and does not allow the request."""

    code = "forbidden"
