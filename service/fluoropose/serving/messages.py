"""A frame as it arrived and a result as it leaves: values that every transport shares."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44
from fluoropose.errors import FluoroposeError
from fluoropose.geometry.camera import Camera
from fluoropose.io.frames import decode_frame, guess_media_type, raw_frame
from fluoropose.registration.assessment import ErrorEstimate
from fluoropose.registration.result import Registration
from fluoropose.tracking.session_settings import ONLY_CAMERA

__all__ = [
    "CompressedFrame",
    "DecodedFrame",
    "EncodedFrame",
    "FrameResult",
    "OUTLINE_DECIMALS",
    "ObjectResult",
    "RAW_MEDIA_TYPE",
    "single_result",
]

RAW_MEDIA_TYPE = "application/octet-stream"

OUTLINE_DECIMALS = 2
"""Outlines go over the wire to a hundredth of a pixel."""
_COMPRESSED = ("image/png", "application/dicom")


@dataclass(frozen=True, slots=True, eq=False)
class EncodedFrame:
    """A frame's bytes. They are decoded when the frame's turn comes: most frames of a burst are superseded before.

    `media_type` is that of the bytes, or empty to guess it from them. Raw pixels need `dtype` and, where they differ
    from the camera's, `rows` and `columns`. `captured_s` is Unix time. `camera` is the name of the camera that took
    the frame, `camera_from_world` the camera's place for this frame alone.
    """

    body: bytes
    media_type: str = ""
    dtype: str | None = None
    rows: int | None = None
    columns: int | None = None
    seq: int | None = None
    captured_s: float | None = None
    camera: str | None = None
    camera_from_world: Mat44 | None = None

    def pixels(self, camera: Camera) -> NDArray[Any]:
        """Return the pixels (rows, columns), or raise FrameError."""
        if self.media_type == RAW_MEDIA_TYPE:
            return raw_frame(self.body, self.dtype, self.rows or camera.rows, self.columns or camera.columns)
        return decode_frame(self.body, self.known_media_type)

    @property
    def known_media_type(self) -> str:
        """The media type as given, or as the bytes tell."""
        return self.media_type or guess_media_type(self.body)

    def payload(self) -> "EncodedFrame | CompressedFrame":
        """Return what a session keeps: the frame itself, or one that is decoded in another process before its turn."""
        return CompressedFrame(self) if self.known_media_type in _COMPRESSED else self


@dataclass(slots=True, eq=False, weakref_slot=True)
class CompressedFrame:
    """A frame whose bytes take work to decode, and what came of it once that was done."""

    encoded: EncodedFrame
    outcome: NDArray[Any] | FluoroposeError | None = None
    decode_ns: int = 0

    def pixels(self, camera: Camera) -> NDArray[Any]:
        """Return the pixels (rows, columns), or raise the error of decoding; decode here if nobody did."""
        if self.outcome is None:
            return self.encoded.pixels(camera)
        if isinstance(self.outcome, FluoroposeError):
            raise self.outcome
        return self.outcome


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """A frame that was decoded once and is kept for a partner that is late."""

    decoded: NDArray[Any]

    def pixels(self, camera: Camera) -> NDArray[Any]:
        """Return the pixels (rows, columns)."""
        return self.decoded


@dataclass(frozen=True, slots=True, eq=False)
class SmoothedPose:
    """An object's pose smoothed over the session's window, in the camera of the frame that is answered."""

    world_from_volume: Mat44
    camera_from_volume: Mat44
    error_estimate: ErrorEstimate
    frames: int


@dataclass(frozen=True, slots=True, eq=False)
class ObjectResult:
    """One object's part of a frame's result, in the camera of that frame.

    `smoothed` is None where the session smooths nothing or the registration is not TRACKING. `outline` holds polygons,
    each (n, 2) pixels (column, row), `covariance` (6, 6) that of the pose's error along the camera's axes (mm, rad);
    both are None unless the session includes them, and of a LOST object.
    """

    case: str
    model: str
    registration: Registration
    camera_from_volume: Mat44
    error_estimate: ErrorEstimate
    smoothed: SmoothedPose | None = None
    outline: tuple[Float64, ...] | None = None
    covariance: Float64 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """One frame's result for the session's objects; the first object gives the main fields.

    `searching` holds the cases that this result says nothing of: they are searched for meanwhile, or were just added.
    `views` holds the names of the cameras whose frames made the pose, `left_out` the reasons why others did not.
    `age_ms` runs from capture (or arrival) to hand-over. `leads` marks the first of the frames that were registered
    together. `dropped` counts the session's frames that were dropped since its last result.
    """

    seq: int
    camera: str
    objects: tuple[ObjectResult, ...]
    views: tuple[str, ...]
    left_out: dict[str, str]
    timing_ms: dict[str, float]
    device: str
    searching: tuple[str, ...] = ()
    leads: bool = True
    age_ms: float = 0.0
    dropped: int = 0

    @property
    def first(self) -> ObjectResult:
        """The first object's part."""
        return self.objects[0]

    @property
    def registration(self) -> Registration:
        """The first object's registration."""
        return self.objects[0].registration


def single_result(found: Registration, case: str, model: str, device: str) -> FrameResult:
    """Return a registration outside any session as a frame's result."""
    part = ObjectResult(case, model, found, found.camera_from_volume, found.error_estimate)
    used = tuple(view.name for view in found.views if view.used) or (ONLY_CAMERA,)
    left_out = {view.name: view.why for view in found.views if not view.used}
    camera = found.views[0].name if found.views else ONLY_CAMERA
    return FrameResult(0, camera, (part,), used, left_out, found.timing_ms, device, age_ms=found.timing_ms["total"])
