"""What sessions and registrations are asked with: cameras and their places, objects, frames' headers, changes."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fluoropose.arrays import Mat44
from fluoropose.geometry.camera import MAX_SIDE_PX
from fluoropose.geometry.rig import SameCameraError, c_arm_camera_from_world
from fluoropose.geometry.rigid import check_rigid
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.tracking.session_settings import (
    MAX_CAMERAS,
    MAX_OBJECTS,
    MAX_WINDOW_S,
    ONLY_CAMERA,
    PAIRING_TOLERANCE_MS,
    Change,
    ObjectStart,
    SessionCamera,
    SessionSettings,
)
from fluoropose.tracking.smoother import Smoothing
from fluoropose.transports.http.schemas import CameraModel, Matrix, PixelMeaningName, Strict

__all__ = ["FrameMeta", "PlacedCameraModel", "RegisterRequest", "SessionChange", "SessionRequest", "StreamControl"]


class PlacedCameraModel(CameraModel):
    """A camera and where it stands: several cameras, or one that moves, share a world frame.

    `case` is the object prepared for this camera's direction, where its own case does not cover that.
    """

    camera_from_world: Matrix | None = None
    case: str | None = Field(default=None, max_length=64)

    def placed(self) -> SessionCamera:
        """Return the camera with its place, or raise GeometryError."""
        return SessionCamera(self.value(), _rigid_or_none(self.camera_from_world, "camera_from_world"), self.case)


def _rigid_or_none(matrix: Any, name: str) -> Mat44 | None:
    return None if matrix is None else check_rigid(matrix, name)


class CArmModel(Strict):
    """Where a C-arm stands, by its angles as DICOM counts them and its source's distance from the isocentre."""

    primary_deg: float
    secondary_deg: float
    source_to_isocenter_mm: float = Field(gt=0)

    def camera_from_world(self) -> Mat44:
        """Return the place, or raise GeometryError; the world's origin is the isocentre, its axes are the patient's."""
        return c_arm_camera_from_world(self.primary_deg, self.secondary_deg, self.source_to_isocenter_mm)


class _Posed(Strict):
    initial_pose: Matrix | None = None

    def start(self) -> Mat44 | None:
        """Return the initial pose, or raise GeometryError."""
        return _rigid_or_none(self.initial_pose, "initial_pose")


class ObjectModel(_Posed):
    """A case to follow, and where it is."""

    case: str = Field(max_length=64)

    def value(self) -> ObjectStart:
        """Return the object's start, or raise GeometryError."""
        return ObjectStart(self.case, self.start())


class _Objects(_Posed):
    """One case with its start, or several with theirs."""

    case: str | None = Field(default=None, max_length=64)
    cases: list[ObjectModel] | None = Field(default=None, min_length=1, max_length=MAX_OBJECTS)
    pixel_meaning: PixelMeaningName = "intensity"
    inverted: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> "_Objects":
        if (self.case is None) == (self.cases is None):
            raise ValueError("expected case, or cases, got " + ("neither" if self.case is None else "both"))
        if self.cases is not None and self.initial_pose is not None:
            raise ValueError("expected an initial_pose in each of cases, got one beside them")
        return self

    def objects(self) -> tuple[ObjectStart, ...]:
        """Return the objects, or raise GeometryError."""
        if self.cases is not None:
            return tuple(one.value() for one in self.cases)
        return (ObjectStart(self.case or "", self.start()),)


class PairingModel(Strict):
    """How near in capture time frames of several cameras must be to count as one instant."""

    tolerance_ms: float = Field(default=PAIRING_TOLERANCE_MS, ge=0, le=1000)


class SmoothingModel(Strict):
    """Over which window an object's poses are smoothed, and how it moves."""

    window_s: float = Field(gt=0, le=MAX_WINDOW_S)
    object: Literal["still", "moving"] = "still"


Cameras = Annotated[dict[str, PlacedCameraModel], Field(min_length=1, max_length=MAX_CAMERAS)]


class SessionRequest(_Objects):
    """Opens a session."""

    camera: PlacedCameraModel | None = None
    cameras: Cameras | None = None
    pairing: PairingModel = PairingModel()
    smoothing: SmoothingModel | None = None
    max_frame_age_ms: float | None = Field(default=None, gt=0)
    policy: Literal["latest", "reject"] = "latest"

    @model_validator(mode="after")
    def _one_set(self) -> "SessionRequest":
        if (self.camera is None) == (self.cameras is None):
            raise ValueError("expected camera, or cameras, got " + ("neither" if self.camera is None else "both"))
        return self

    def settings(self) -> SessionSettings:
        """Return the session's settings, or raise what is wrong with them."""
        given = {ONLY_CAMERA: self.camera} if self.camera is not None else self.cameras or {}
        cameras = {name: camera.placed() for name, camera in given.items()}
        meaning, smoothing = PixelMeaning(self.pixel_meaning), self.smoothing
        window = None if smoothing is None else Smoothing(smoothing.window_s, smoothing.object)
        return SessionSettings(
            self.objects(),
            cameras,
            meaning,
            self.inverted,
            self.max_frame_age_ms,
            self.policy,
            self.pairing.tolerance_ms,
            window,
        )


class SessionChange(_Posed):
    """Changes a session: a new start (of one case), new cameras, objects more or less."""

    case: str | None = Field(default=None, max_length=64)
    camera: PlacedCameraModel | None = None
    cameras: Cameras | None = None
    add: list[ObjectModel] = Field(default=[], max_length=MAX_OBJECTS)
    remove: list[str] = Field(default=[], max_length=MAX_OBJECTS)

    def value(self) -> Change:
        """Return the change, or raise GeometryError."""
        cameras: dict[str | None, SessionCamera] = {}
        if self.camera is not None:
            cameras[None] = self.camera.placed()
        cameras |= {name: camera.placed() for name, camera in (self.cameras or {}).items()}
        return Change(cameras, self.case, self.start(), tuple(one.value() for one in self.add), tuple(self.remove))


class StreamControl(SessionChange):
    """A stream's text message: a ping with the client's Unix time, or a restart, which is any change of the session."""

    type: Literal["ping", "restart"]
    time: float | None = None


class FrameMeta(Strict):
    """The header X-Frame-Meta, and a stream's header, which alone needs `media_type`.

    `dtype` and, where they differ from the camera, `rows` and `columns` describe raw bytes.
    """

    dtype: str | None = None
    rows: int | None = Field(default=None, ge=2, le=MAX_SIDE_PX)
    columns: int | None = Field(default=None, ge=2, le=MAX_SIDE_PX)
    seq: int | None = Field(default=None, ge=0)
    captured_at: float | str | None = None
    media_type: str | None = None
    camera: str | None = Field(default=None, max_length=64)
    camera_from_world: Matrix | None = None
    c_arm: CArmModel | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "FrameMeta":
        if self.camera_from_world is not None and self.c_arm is not None:
            raise ValueError("expected camera_from_world or c_arm, got both")
        return self

    def place(self) -> Mat44 | None:
        """Return the camera's place for this frame, None where the session's holds, or raise GeometryError."""
        if self.c_arm is not None:
            return self.c_arm.camera_from_world()
        return _rigid_or_none(self.camera_from_world, "camera_from_world")


class ViewModel(Strict):
    """One view of an instant; `frame` is as that of a registration with one view."""

    camera: PlacedCameraModel
    name: str | None = Field(default=None, min_length=1, max_length=64)
    frame: str | None = None


class RegisterRequest(_Objects):
    """One registration; `frame` is base64 of an npy, PNG or DICOM file unless the frame comes as a form's file.

    Several views have a camera and a frame each; a form has a file for each, in the same order.
    """

    camera: PlacedCameraModel | None = None
    frame: str | None = None
    views: list[ViewModel] | None = Field(default=None, min_length=1, max_length=MAX_CAMERAS)
    seq: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_set(self) -> "RegisterRequest":
        if (self.camera is None) == (self.views is None):
            raise ValueError("expected camera, or views, got " + ("neither" if self.camera is None else "both"))
        if self.views is not None and self.frame is not None:
            raise ValueError("expected a frame in each of views, got one beside them")
        return self

    def seen(self) -> list[tuple[str, SessionCamera, str | None]]:
        """Return name, camera and frame (base64, if it came so) of every view, or raise what is wrong with them."""
        if self.camera is not None:
            return [(ONLY_CAMERA, self.camera.placed(), self.frame)]
        views = self.views or []
        return [(view.name or str(n), view.camera.placed(), view.frame) for n, view in enumerate(views)]

    def settings(self) -> SessionSettings:
        """Return the settings of a session for this alone, or raise what is wrong with them."""
        seen = self.seen()
        names = [name for name, _, _ in seen]
        if len(set(names)) < len(names):
            raise SameCameraError(f"expected each camera once, got the names {', '.join(names)}")
        cameras = {name: camera for name, camera, _ in seen}
        return SessionSettings(self.objects(), cameras, PixelMeaning(self.pixel_meaning), self.inverted)
