"""What a client asks for, whichever transport carried it: values whose construction checks every rule.

A transport decodes its messages into these and checks only what its own encoding leaves open: JSON its types and sizes,
protobuf which fields are there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fluoropose.errors import FrameError, InputError
from fluoropose.serving.camera_request import CameraRequest, CamerasRequest, NamedCamera, placed_by_name, pose_or_none
from fluoropose.serving.frame_request import FrameRules
from fluoropose.serving.messages import EncodedFrame
from fluoropose.tracking.session_settings import Change, ObjectStart, SessionCamera, SessionSettings

__all__ = [
    "ChangeRequest",
    "ObjectRequest",
    "ObjectsRequest",
    "OpeningRequest",
    "RegistrationRequest",
    "ViewRequest",
]


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

    `camera` is the only camera's, `cameras` are changed by name, `include` is what results hold from now on beside
    their usual parts; `change` is what the session gets.

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
    include: frozenset[str] | None = None
    change: Change = field(init=False)

    def __post_init__(self) -> None:
        """Make the change."""
        cameras: dict[str | None, SessionCamera] = {} if self.camera is None else {None: self.camera.placed}
        cameras.update(placed_by_name(self.cameras))
        pose = pose_or_none(self.initial_pose, "initial_pose")
        added = tuple(one.start for one in self.objects)
        object.__setattr__(self, "change", Change(cameras, self.case, pose, added, self.remove, self.include))


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
