"""What a client says of frames: how a session is to treat them, and one frame's header. Its values check every rule."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError
from fluoropose.geometry.camera import MAX_SIDE_PX
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.serving.camera_request import CArmRequest, pose_or_none
from fluoropose.serving.messages import EncodedFrame
from fluoropose.tracking.session_settings import (
    MAX_WINDOW_S,
    PAIRING_TOLERANCE_MS,
    ObjectStart,
    SessionCamera,
    SessionSettings,
)
from fluoropose.tracking.smoother import Smoothing

__all__ = ["FrameHeader", "FrameRules", "MAX_SEQ", "SmoothingRequest"]

MAX_SEQ = 2**63 - 1
"""The largest number of a frame: a time in nanoseconds stays below it, and gRPC's field holds the next one."""

_MAX_CAPTURED_S = 1e11
"""About the year 5000; differences of larger numbers leave the numbers' range."""


@dataclass(frozen=True, slots=True, eq=False)
class SmoothingRequest:
    """Over which window (s) an object's poses are smoothed, and how the object moves; InputError for a bad window."""

    window_s: float
    motion: Literal["still", "moving"] = "still"

    def __post_init__(self) -> None:
        """Check the window."""
        if not 0 < self.window_s <= MAX_WINDOW_S:
            raise InputError(f"expected a window_s above 0 and at most {MAX_WINDOW_S:g}, got {self.window_s}")


@dataclass(frozen=True, slots=True, eq=False)
class FrameRules:
    """How a session's frames are read, dropped, paired and smoothed, and what results hold beside their usual parts.

    Raises
    ------
    InputError
        If the age is not above 0.
    """

    meaning: PixelMeaning = PixelMeaning.INTENSITY
    inverted: bool = False
    max_frame_age_ms: float | None = None
    policy: Literal["latest", "reject"] = "latest"
    pairing_tolerance_ms: float = PAIRING_TOLERANCE_MS
    smoothing: SmoothingRequest | None = None
    include: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check the age; `SessionSettings` checks the pairing tolerance."""
        age_ms = self.max_frame_age_ms
        if age_ms is not None and not (np.isfinite(age_ms) and age_ms > 0):
            raise InputError(f"expected max_frame_age_ms above 0, got {age_ms}")

    def settings(self, starts: tuple[ObjectStart, ...], cameras: dict[str, SessionCamera]) -> SessionSettings:
        """Return a session's settings for objects and cameras, or raise what is wrong between them."""
        smoothing = self.smoothing
        return SessionSettings(
            starts,
            cameras,
            self.meaning,
            self.inverted,
            self.max_frame_age_ms,
            self.policy,
            self.pairing_tolerance_ms,
            None if smoothing is None else Smoothing(smoothing.window_s, smoothing.motion),
            self.include,
        )


@dataclass(frozen=True, slots=True, eq=False)
class FrameHeader:
    """What a client says of a frame beside its bytes.

    `dtype` and, where they differ from the camera's, `rows` and `columns` describe raw pixels. `captured_s` is Unix
    time. `camera` names the camera, `camera_from_world` (4x4) or `c_arm` tells its place for this
    frame alone; `place` is that place, None where the session's holds.

    Raises
    ------
    InputError, GeometryError
        If a number is out of range or not finite, the place is given twice, or it is not rigid.
    """

    dtype: str | None = None
    rows: int | None = None
    columns: int | None = None
    seq: int | None = None
    captured_s: float | None = None
    camera: str | None = None
    camera_from_world: Any = None
    c_arm: CArmRequest | None = None
    place: Mat44 | None = field(init=False)

    def __post_init__(self) -> None:
        """Check the numbers and make the place."""
        if any(side is not None and not 2 <= side <= MAX_SIDE_PX for side in (self.rows, self.columns)):
            raise InputError(f"expected rows and columns of 2 to {MAX_SIDE_PX}, got {self.rows} and {self.columns}")
        if self.seq is not None and not 0 <= self.seq <= MAX_SEQ:
            raise InputError(f"expected seq of 0 to {MAX_SEQ}, got {_shown(self.seq)}")
        if self.captured_s is not None and not abs(self.captured_s) <= _MAX_CAPTURED_S:
            raise InputError(f"expected captured_at as Unix seconds, got {self.captured_s}")
        if self.camera_from_world is not None and self.c_arm is not None:
            raise InputError("expected camera_from_world or c_arm, got both")
        place = pose_or_none(self.camera_from_world, "camera_from_world")
        object.__setattr__(self, "place", place if self.c_arm is None else self.c_arm.camera_from_world)

    def frame(self, body: bytes, media_type: str = "") -> EncodedFrame:
        """Return the frame whose bytes are `body`; an empty media type is guessed from them."""
        return EncodedFrame(
            body,
            media_type,
            self.dtype,
            self.rows,
            self.columns,
            self.seq,
            self.captured_s,
            self.camera,
            self.place,
        )


def _shown(number: int) -> str:
    """Return a number for a message; one of thousands of digits only by its size."""
    return str(number) if abs(number) < 2**64 else f"a number of {number.bit_length()} bits"
