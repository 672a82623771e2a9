"""The settings of a session: its cameras and their places, its objects, and how its frames are taken and paired."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import ConflictError, GeometryError, InputError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rig import PlacedCamera, require_rig
from fluoropose.geometry.tolerance import CameraTolerance
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.tracking.smoother import Smoothing

__all__ = [
    "Change",
    "INCLUDABLE",
    "MAX_CAMERAS",
    "MAX_OBJECTS",
    "MAX_WINDOW_S",
    "ONLY_CAMERA",
    "ObjectStart",
    "PAIRING_TOLERANCE_MS",
    "SessionCamera",
    "SessionSettings",
    "UnknownCameraError",
    "UnknownObjectError",
    "WorldFrameError",
    "require_includable",
    "require_related_cameras",
    "require_same_world",
]

INCLUDABLE = ("covariance", "outline")
"""What results hold only on request: the pose's covariance, and the outline of the object in the frame."""

ONLY_CAMERA = "camera"
"""The name of a session's only camera, where the client gives none."""

MAX_CAMERAS = 4
MAX_OBJECTS = 8
MAX_NAME = 64
MAX_WINDOW_S = 60.0

PAIRING_TOLERANCE_MS = 20.0
"""Frames captured within this of each other are of one instant. An object at 300 mm/s moves 6 mm in it, and a biplane
system takes both frames within a few milliseconds."""


class UnknownCameraError(InputError):
    """The session has no camera of that name."""

    code = "unknown-camera"


class UnknownObjectError(InputError):
    """The session does not follow that case, or does not any more."""

    code = "unknown-object"


class WorldFrameError(GeometryError):
    """The cameras, or the frames of a camera that moves, have no common world frame."""

    code = "no-common-world"


@dataclass(frozen=True, slots=True, eq=False)
class SessionCamera:
    """A camera of a session and its place; without a place the world is the camera's own frame.

    `case` is the session's object as prepared for this camera's direction, if the session's own case does not cover it.
    `tolerance` is how well the camera is calibrated, `mask` what its frames show; None if the client did not say.
    """

    camera: Camera
    camera_from_world: Mat44 | None = None
    case: str | None = None
    tolerance: CameraTolerance | None = None
    mask: FieldMask | None = None

    def place(self, camera_from_world: Mat44 | None = None) -> PlacedCamera:
        """Return the camera at a frame's own place, by default at the session's."""
        place = self.camera_from_world if camera_from_world is None else camera_from_world
        if place is None:
            return PlacedCamera(self.camera, tolerance=self.tolerance, mask=self.mask)
        return PlacedCamera(self.camera, place, self.tolerance, self.mask)


@dataclass(frozen=True, slots=True, eq=False)
class ObjectStart:
    """A case to follow and its `world_from_volume` in the first frame; without that pose the frame is searched."""

    case: str
    initial_pose: Mat44 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SessionSettings:
    """The settings that a client opens a session with: 1 to 4 cameras, 1 to 8 objects, and how frames are taken.

    `include` names the parts of `INCLUDABLE` that results hold beside their usual ones.

    Raises
    ------
    WorldFrameError
        If several cameras do not all have a place.
    SameCameraError, ContradictionError
        If two cameras have the same place, or no common field of view.
    ConflictError
        If a case is there twice.
    InputError
        If there are too few or too many cameras or objects, or a number is out of its range.
    """

    objects: tuple[ObjectStart, ...]
    cameras: Mapping[str, SessionCamera]
    meaning: PixelMeaning
    inverted: bool = False
    max_frame_age_ms: float | None = None
    policy: str = "latest"
    tolerance_ms: float = PAIRING_TOLERANCE_MS
    smoothing: Smoothing | None = None
    include: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check the rules that concern several fields, and the tolerance."""
        require_includable(self.include)
        require_related_cameras(self.cameras)
        _require_objects([start.case for start in self.objects])
        if len(self.objects) > 1 and self.directions:
            raise InputError(f"expected one case where a camera has its own, got {len(self.objects)}")
        if not (np.isfinite(self.tolerance_ms) and self.tolerance_ms >= 0):
            raise InputError(f"expected a pairing tolerance of at least 0 ms, got {self.tolerance_ms}")

    @classmethod
    def from_camera(
        cls,
        case: str,
        camera: Camera,
        meaning: PixelMeaning,
        inverted: bool = False,
        initial_pose: Mat44 | None = None,
        max_frame_age_ms: float | None = None,
        policy: str = "latest",
    ) -> "SessionSettings":
        """Return the settings of a session of one camera and one object."""
        cameras = {ONLY_CAMERA: SessionCamera(camera)}
        return cls((ObjectStart(case, initial_pose),), cameras, meaning, inverted, max_frame_age_ms, policy)

    @property
    def directions(self) -> dict[str, str]:
        """The cases that were prepared for a camera's direction, by the camera's name."""
        return {name: one.case for name, one in self.cameras.items() if one.case is not None}

    def camera_name(self, name: str | None) -> str:
        """Return the name of a frame's camera; without one, that of the only camera. Raise UnknownCameraError else."""
        if name is None and len(self.cameras) == 1:
            return next(iter(self.cameras))
        if name is None or name not in self.cameras:
            got = "none" if name is None else repr(name[:MAX_NAME])
            raise UnknownCameraError(f"expected a frame's camera of: {', '.join(self.cameras)}; got {got}")
        return name


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A change of a session: other cameras, another start of `case` (or of the only one), objects added or removed.

    A change that neither adds nor removes objects restarts the tracks: at `initial_pose`, or without it at the last
    poses. `include` replaces what results hold beside their usual parts, and restarts nothing.
    """

    cameras: Mapping[str | None, SessionCamera] = field(default_factory=dict)
    case: str | None = None
    initial_pose: Mat44 | None = None
    add: tuple[ObjectStart, ...] = ()
    remove: tuple[str, ...] = ()
    include: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Check what results are to hold."""
        require_includable(self.include or ())

    @property
    def directions(self) -> list[str]:
        """The cases that were prepared for the directions of the change's cameras."""
        return [camera.case for camera in self.cameras.values() if camera.case is not None]

    @property
    def restarts(self) -> bool:
        """Whether tracks are restarted."""
        says_more = bool(self.add or self.remove) or self.include is not None
        return bool(self.cameras) or self.initial_pose is not None or not says_more


def require_includable(parts: Iterable[str]) -> None:
    """Raise InputError unless results can hold these parts."""
    for part in parts:
        if part not in INCLUDABLE:
            raise InputError(f"expected include of {', '.join(INCLUDABLE)}, got {part[:MAX_NAME]!r}")


def require_related_cameras(cameras: Mapping[str, SessionCamera]) -> None:
    """Raise an error unless the cameras can serve one session; the errors are those of `SessionSettings`."""
    if not 1 <= len(cameras) <= MAX_CAMERAS:
        raise InputError(f"expected 1 to {MAX_CAMERAS} cameras, got {len(cameras)}")
    for name in cameras:
        if not 1 <= len(name) <= MAX_NAME:
            raise InputError(f"expected a camera's name of 1 to {MAX_NAME} characters, got {len(name)}")
    if len(cameras) == 1:
        return
    without = [name for name, one in cameras.items() if one.camera_from_world is None]
    if without:
        raise WorldFrameError(
            f"expected camera_from_world of all {len(cameras)} cameras, got none of {', '.join(without)}"
        )
    require_rig([one.place() for one in cameras.values()], list(cameras))


def require_same_world(tells_place: dict[str, bool], camera: str, camera_from_world: Mat44 | None) -> None:
    """Note in `tells_place` whether the frames of a camera come with the camera's place.

    This concerns cameras that have no place in the session's settings.

    Raises
    ------
    WorldFrameError
        If this frame comes with a place and those before it did not, or the other way round.
    """
    tells = camera_from_world is not None
    if tells_place.setdefault(camera, tells) != tells:
        kind = ("without", "with") if tells else ("with", "without")
        raise WorldFrameError(
            f"expected a frame {kind[0]} its camera's place like those before it, got one {kind[1]} it: both cannot be "
            "in one world frame"
        )


def _require_objects(cases: list[str]) -> None:
    if not 1 <= len(cases) <= MAX_OBJECTS:
        raise InputError(f"expected 1 to {MAX_OBJECTS} cases, got {len(cases)}")
    twice = sorted({case for case in cases if cases.count(case) > 1})
    if twice:
        raise ConflictError(f"expected each case once, got {', '.join(twice)} again")
