"""What a client asks for, whichever transport carried it: values whose construction checks every rule.

A transport decodes its messages into these and checks only what its own encoding leaves open: JSON its types and sizes,
protobuf which fields are there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import FrameError, InputError
from fluoropose.geometry.camera import MAX_SIDE_PX
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.serving.camera_request import (
    CameraRequest,
    CamerasRequest,
    CArmRequest,
    NamedCamera,
    placed_by_name,
    pose_or_none,
)
from fluoropose.serving.messages import EncodedFrame
from fluoropose.tracking.session_settings import (
    MAX_WINDOW_S,
    PAIRING_TOLERANCE_MS,
    Change,
    ObjectStart,
    SessionCamera,
    SessionSettings,
)
from fluoropose.tracking.smoother import Smoothing

__all__ = [
    "ChangeRequest",
    "FrameHeader",
    "FrameRules",
    "MAX_PAIRING_TOLERANCE_MS",
    "ObjectRequest",
    "ObjectsRequest",
    "OpeningRequest",
    "RegistrationRequest",
    "SmoothingRequest",
    "ViewRequest",
]

MAX_PAIRING_TOLERANCE_MS = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class ObjectRequest:
    """A case to follow and its `world_from_volume` (4x4), None for a search; GeometryError if that is not rigid."""

    case: str
    initial_pose: Any = None
    start: ObjectStart = field(init=False)

    def __post_init__(self) -> None:
        """Make the object's start."""
        pose = pose_or_none(self.initial_pose, "initial_pose")
        object.__setattr__(self, "start", ObjectStart(self.case, pose))


@dataclass(frozen=True, slots=True, eq=False)
class ObjectsRequest:
    """One case with its initial pose, or several cases with theirs; `starts` has them all.

    Raises
    ------
    InputError, GeometryError
        If both are given or neither, an initial pose stands beside several cases, or the pose is not rigid.
    """

    case: str | None = None
    initial_pose: Any = None
    cases: Sequence[ObjectRequest] | None = None
    starts: tuple[ObjectStart, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Make the objects' starts."""
        if (self.case is None) == (self.cases is None):
            raise InputError(f"expected case, or cases, got {'neither' if self.case is None else 'both'}")
        if self.cases is not None and self.initial_pose is not None:
            raise InputError("expected an initial_pose in each of cases, got one beside them")
        alone = [] if self.case is None else [ObjectRequest(self.case, self.initial_pose)]
        object.__setattr__(self, "starts", tuple(one.start for one in self.cases or alone))


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
    """How a session's frames are to be read, dropped, paired and smoothed; InputError for a number out of range."""

    meaning: PixelMeaning = PixelMeaning.INTENSITY
    inverted: bool = False
    max_frame_age_ms: float | None = None
    policy: Literal["latest", "reject"] = "latest"
    pairing_tolerance_ms: float = PAIRING_TOLERANCE_MS
    smoothing: SmoothingRequest | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        age_ms, tolerance_ms = self.max_frame_age_ms, self.pairing_tolerance_ms
        if age_ms is not None and not (np.isfinite(age_ms) and age_ms > 0):
            raise InputError(f"expected max_frame_age_ms above 0, got {age_ms}")
        if not (np.isfinite(tolerance_ms) and 0 <= tolerance_ms <= MAX_PAIRING_TOLERANCE_MS):
            raise InputError(
                f"expected a pairing tolerance of 0 to {MAX_PAIRING_TOLERANCE_MS:g} ms, got {tolerance_ms}"
            )

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
        )


@dataclass(frozen=True, slots=True, eq=False)
class OpeningRequest:
    """What a session is opened with; `settings` is what the session keeps.

    Raises
    ------
    InputError
        As `SessionSettings`, if the cameras or the objects cannot be those of one session.
    """

    objects: ObjectsRequest
    cameras: CamerasRequest
    rules: FrameRules = FrameRules()
    settings: SessionSettings = field(init=False)

    def __post_init__(self) -> None:
        """Make the settings."""
        object.__setattr__(self, "settings", self.rules.settings(self.objects.starts, self.cameras.placed))


@dataclass(frozen=True, slots=True, eq=False)
class ChangeRequest:
    """How a client changes its session: another start, other cameras, objects to add and to remove.

    `camera` is the only camera's, `cameras` are changed by name; `change` is what the session gets.

    Raises
    ------
    GeometryError, SameCameraError
        If the initial pose is not rigid, or two cameras have one name.
    """

    objects: tuple[ObjectRequest, ...] = ()
    remove: tuple[str, ...] = ()
    case: str | None = None
    initial_pose: Any = None
    camera: CameraRequest | None = None
    cameras: Sequence[NamedCamera] = ()
    change: Change = field(init=False)

    def __post_init__(self) -> None:
        """Make the change."""
        cameras: dict[str | None, SessionCamera] = {} if self.camera is None else {None: self.camera.placed}
        cameras.update(placed_by_name(self.cameras))
        pose = pose_or_none(self.initial_pose, "initial_pose")
        added = tuple(one.start for one in self.objects)
        object.__setattr__(self, "change", Change(cameras, self.case, pose, added, self.remove))


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
        if self.seq is not None and self.seq < 0:
            raise InputError(f"expected seq of at least 0, got {self.seq}")
        if self.captured_s is not None and not np.isfinite(self.captured_s):
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


@dataclass(frozen=True, slots=True, eq=False)
class ViewRequest:
    """One view of an instant: a camera, the frame that the camera took, and a name; without one its number names it."""

    camera: CameraRequest
    frame: EncodedFrame | None
    name: str | None = None

    def named_frame(self, name: str) -> EncodedFrame | None:
        """Return the frame with the name of its camera."""
        return None if self.frame is None else replace(self.frame, camera=name)


@dataclass(frozen=True, slots=True, eq=False)
class RegistrationRequest:
    """One registration without a session: a frame of a camera, or several views of one instant.

    `settings` are those of a session for this registration alone, `frames` are the frames of its cameras.

    Raises
    ------
    InputError, SameCameraError, FrameError
        If both are given or neither, two views have one name, a frame is missing, or as `SessionSettings`.
    """

    objects: ObjectsRequest
    cameras: CamerasRequest | None = None
    frame: EncodedFrame | None = None
    views: Sequence[ViewRequest] | None = None
    rules: FrameRules = FrameRules()
    settings: SessionSettings = field(init=False)
    frames: tuple[EncodedFrame, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Name the views, then make the settings and the frames."""
        if (self.cameras is None) == (self.views is None):
            raise InputError(f"expected camera, or views, got {'neither' if self.views is None else 'both'}")
        if self.views is not None and self.frame is not None:
            raise InputError("expected a frame in each of views, got one beside them")
        named = [(view.name or str(number), view) for number, view in enumerate(self.views or ())]
        views = placed_by_name([(name, view.camera) for name, view in named])
        placed = views if self.cameras is None else self.cameras.placed
        frames = [self.frame] if self.views is None else [view.named_frame(name) for name, view in named]
        object.__setattr__(self, "settings", self.rules.settings(self.objects.starts, placed))
        object.__setattr__(self, "frames", tuple(_require_frame(frame) for frame in frames))


def _require_frame(frame: EncodedFrame | None) -> EncodedFrame:
    if frame is None:
        raise FrameError("expected a frame of each view, got none")
    return frame
