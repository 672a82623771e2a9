"""The JSON of sessions, frames' headers and registrations: fields, types and sizes. `serving.requests` has the rules.

`document_bounds` publishes a rule's bounds in the OpenAPI document; the request values check them.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fluoropose.errors import GeometryError
from fluoropose.serving.camera_request import CArmRequest
from fluoropose.serving.frame_request import MAX_SEQ
from fluoropose.tracking.session_settings import MAX_CAMERAS, MAX_OBJECTS, MAX_WINDOW_S, PAIRING_TOLERANCE_MS
from fluoropose.transports.http.schemas import CameraModel, Matrix, PixelMeaningName, Side, Strict, document_bounds

__all__ = [
    "CArmModel",
    "FrameMeta",
    "ObjectModel",
    "ObjectsModel",
    "PlacedCameraModel",
    "RegisterRequest",
    "RenderRequest",
    "SessionChange",
    "SessionRequest",
    "StreamControl",
    "ViewModel",
]

Seq = Annotated[int, document_bounds(minimum=0, maximum=MAX_SEQ)]
Positive = Annotated[float, document_bounds(exclusiveMinimum=0)]


Include = Annotated[list[Literal["covariance", "outline"]], Field(max_length=8)]


class PlacedCameraModel(CameraModel):
    """A camera and where it stands: several cameras, or one that moves, share a world frame.

    `case` is the object prepared for this camera's direction, where its own case does not cover that.
    """

    camera_from_world: Matrix | None = None
    case: str | None = Field(default=None, max_length=64)


class RenderRequest(Strict):
    """Asks for a DRR."""

    case: str = Field(max_length=64)
    camera: PlacedCameraModel
    camera_from_volume: Matrix | None = None
    pose: Matrix | None = None
    format: Literal["npy", "png"] | None = None


class CArmModel(Strict):
    """Where a C-arm stands, by its angles as DICOM counts them and its source's distance from the isocentre."""

    primary_deg: float
    secondary_deg: float
    source_to_isocenter_mm: Positive

    @model_validator(mode="after")
    def _require_c_arm(self) -> "CArmModel":
        """Have pydantic name the place in the JSON of what the value refuses."""
        try:
            self.value()
        except GeometryError as error:
            raise ValueError(str(error)) from error
        return self

    def value(self) -> CArmRequest:
        """Return the C-arm's place, or raise GeometryError."""
        return CArmRequest(self.primary_deg, self.secondary_deg, self.source_to_isocenter_mm)


class _Posed(Strict):
    initial_pose: Matrix | None = None


class ObjectModel(_Posed):
    """A case to follow, and where it is."""

    case: str = Field(max_length=64)


class ObjectsModel(_Posed):
    """One case with its start, or several with theirs; and what results hold of each beside their usual parts."""

    case: str | None = Field(default=None, max_length=64)
    cases: list[ObjectModel] | None = Field(default=None, min_length=1, max_length=MAX_OBJECTS)
    pixel_meaning: PixelMeaningName = "intensity"
    inverted: bool = False
    include: Include = []


class PairingModel(Strict):
    """How near in capture time frames of several cameras must be to count as one instant."""

    tolerance_ms: float = Field(default=PAIRING_TOLERANCE_MS, ge=0, le=1000)


class SmoothingModel(Strict):
    """Over which window an object's poses are smoothed, and how it moves."""

    window_s: Annotated[float, document_bounds(exclusiveMinimum=0, maximum=MAX_WINDOW_S)]
    object: Literal["still", "moving"] = "still"


Cameras = Annotated[dict[str, PlacedCameraModel], Field(min_length=1, max_length=MAX_CAMERAS)]


class SessionRequest(ObjectsModel):
    """Opens a session."""

    camera: PlacedCameraModel | None = None
    cameras: Cameras | None = None
    pairing: PairingModel = PairingModel()
    smoothing: SmoothingModel | None = None
    max_frame_age_ms: Positive | None = None
    policy: Literal["latest", "reject"] = "latest"


class SessionChange(_Posed):
    """Changes a session: a new start (of one case), new cameras, objects more or less, what results include."""

    case: str | None = Field(default=None, max_length=64)
    camera: PlacedCameraModel | None = None
    cameras: Cameras | None = None
    add: list[ObjectModel] = Field(default=[], max_length=MAX_OBJECTS)
    remove: list[str] = Field(default=[], max_length=MAX_OBJECTS)
    include: Include | None = None


class StreamControl(SessionChange):
    """A stream's text message: a ping with the client's Unix time, or a restart, which is any change of the session."""

    type: Literal["ping", "restart"]
    time: float | None = None


class FrameMeta(Strict):
    """The header X-Frame-Meta, and a stream's header, which alone needs `media_type`.

    `dtype` and, where they differ from the camera, `rows` and `columns` describe raw bytes.
    """

    dtype: str | None = None
    rows: Side | None = None
    columns: Side | None = None
    seq: Seq | None = None
    captured_at: float | str | None = None
    media_type: str | None = None
    camera: str | None = Field(default=None, max_length=64)
    camera_from_world: Matrix | None = None
    c_arm: CArmModel | None = None


class ViewModel(Strict):
    """One view of an instant; `frame` is as that of a registration with one view."""

    camera: PlacedCameraModel
    name: str | None = Field(default=None, min_length=1, max_length=64)
    frame: str | None = None


class RegisterRequest(ObjectsModel):
    """One registration; `frame` is base64 of an npy, PNG or DICOM file unless the frame comes as a form's file.

    Several views have a camera and a frame each; a form has a file for each, in the same order.
    """

    camera: PlacedCameraModel | None = None
    frame: str | None = None
    views: list[ViewModel] | None = Field(default=None, min_length=1, max_length=MAX_CAMERAS)
    seq: int = Field(default=0, json_schema_extra={"minimum": 0, "maximum": MAX_SEQ})
