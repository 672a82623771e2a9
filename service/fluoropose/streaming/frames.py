"""A frame as it arrived and a result as it leaves: values that every transport shares."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fluoropose.geometry.camera import Camera
from fluoropose.io.frames import decode_frame, guess_media_type, raw_frame
from fluoropose.runtime.engine import Registration

__all__ = ["EncodedFrame", "RAW_MEDIA_TYPE", "Result"]

RAW_MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True, eq=False)
class EncodedFrame:
    """A frame's bytes, not decoded before its turn comes: most frames of a burst never are.

    `media_type` is that of the bytes, or empty to let them tell; raw pixels need `dtype` and, where they differ from
    the camera's, `rows` and `columns`. `captured_s` is Unix time.
    """

    body: bytes
    media_type: str = ""
    dtype: str | None = None
    rows: int | None = None
    columns: int | None = None
    seq: int | None = None
    captured_s: float | None = None

    def pixels(self, camera: Camera) -> NDArray[Any]:
        """Return the pixels (rows, columns), or raise FrameError."""
        if self.media_type == RAW_MEDIA_TYPE:
            return raw_frame(self.body, self.dtype, self.rows or camera.rows, self.columns or camera.columns)
        return decode_frame(self.body, self.media_type or guess_media_type(self.body))


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One frame's answer. `age_ms` is from capture (or arrival) to hand-over."""

    seq: int
    registration: Registration
    age_ms: float
    dropped: int
    case: str
    model: str
    device: str
