"""The JSON of cameras, cases and results: fields, types, sizes. docs/reference/api.md has their units and meanings."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import MAX_SIDE_PX, Camera
from fluoropose.geometry.field_mask import FieldMask, field_mask_from
from fluoropose.geometry.tolerance import CameraTolerance
from fluoropose.serving.camera_request import CameraRequest

__all__ = [
    "CameraModel",
    "CaseModel",
    "CaseOptions",
    "ErrorEstimateModel",
    "FoundModel",
    "Matrix",
    "PROMISED_FIELDS",
    "PixelMeaningName",
    "ResultModel",
    "SessionModel",
    "Side",
    "SmoothedModel",
    "Strict",
    "ToleranceModel",
    "TrackModel",
    "camera_json",
    "document_bounds",
]

Matrix = Annotated[list[list[float]], Field(min_length=3, max_length=4)]
PixelMeaningName = Literal["intensity", "line_integral", "display"]


def document_bounds(**bounds: float) -> Any:
    """Return a field's bounds for the OpenAPI document; a request value checks them."""
    return Field(json_schema_extra=dict(bounds))


Side = Annotated[int, document_bounds(minimum=2, maximum=MAX_SIDE_PX)]


class Strict(BaseModel):
    """Refuses fields that nobody knows, and numbers that are none."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ToleranceModel(Strict):
    """How well a camera is calibrated, one standard deviation: the focal lengths and the principal point."""

    focal_percent: Annotated[float, document_bounds(minimum=0)] = 0.0
    principal_point_px: Annotated[float, document_bounds(minimum=0)] = 0.0

    @model_validator(mode="after")
    def _require_tolerance(self) -> "ToleranceModel":
        """Have pydantic name the place in the JSON of what the value refuses."""
        try:
            self.value()
        except GeometryError as error:
            raise ValueError(str(error)) from error
        return self

    def value(self) -> CameraTolerance:
        """Return the tolerance, or raise GeometryError."""
        return CameraTolerance(self.focal_percent, self.principal_point_px)


class MaskModel(Strict):
    """What a camera's frames show: within a circle and a polygon, outside boxes of marks. Places are column, row."""

    circle_px: tuple[float, float, float] | None = None
    polygon_px: list[tuple[float, float]] | None = Field(default=None, max_length=64)
    hidden_px: list[tuple[float, float, float, float]] | None = Field(default=None, max_length=64)

    @model_validator(mode="after")
    def _require_mask(self) -> "MaskModel":
        """Have pydantic name the place in the JSON of what the value refuses."""
        try:
            self.value()
        except GeometryError as error:
            raise ValueError(str(error)) from error
        return self

    def value(self) -> FieldMask:
        """Return the mask, or raise GeometryError."""
        return field_mask_from(self.circle_px, self.polygon_px, self.hidden_px)


class CameraModel(Strict):
    """A C-arm: detector spacing and distance, or an intrinsic matrix in pixels."""

    rows: Side
    columns: Side
    row_spacing_mm: float | None = None
    column_spacing_mm: float | None = None
    source_to_detector_mm: float | None = None
    principal_point_px: tuple[float, float] | None = None
    intrinsic_matrix: Matrix | None = None
    tolerance: ToleranceModel | None = None
    mask: MaskModel | None = None

    @model_validator(mode="after")
    def _require_camera(self) -> "CameraModel":
        """Have pydantic name the place in the JSON of what the value refuses."""
        try:
            self.value()
        except GeometryError as error:
            raise ValueError(str(error)) from error
        return self

    def value(self) -> CameraRequest:
        """Return the camera without a place, or raise GeometryError."""
        return CameraRequest(**self.request_fields(CameraModel))

    def request_fields(self, model: "type[CameraModel]") -> dict[str, Any]:
        """Return the fields of `model`, this class or one that adds to it, as a `CameraRequest` takes them."""
        fields = {name: getattr(self, name) for name in model.model_fields}
        return fields | {
            "tolerance": None if self.tolerance is None else self.tolerance.value(),
            "mask": None if self.mask is None else self.mask.value(),
        }


def camera_json(camera: Camera) -> dict[str, Any]:
    """Return a camera as the API takes it."""
    return {"rows": camera.rows, "columns": camera.columns, "intrinsic_matrix": camera.intrinsic_matrix.tolist()}


class CaseOptions(Strict):
    """The `options` of an upload: what the case is called, what belongs to the object, how it will be looked at."""

    name: str = Field(max_length=64)
    label: int | None = None
    hu_window: tuple[float, float] | None = None
    box_mm: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    attenuation: bool = False
    in_air: bool = False
    material: str | None = Field(default=None, max_length=64)
    attenuation_per_mm: float | None = None
    hu_offset: float | None = None
    view: Literal["frontal", "back", "lateral"] = "frontal"
    expected_pose: Matrix | None = None
    range_mm: float = Field(default=900.0, gt=0)


class ErrorEstimateModel(BaseModel):
    """Expected absolute errors."""

    in_plane_mm: float
    depth_mm: float
    rotation_deg: float


class SmoothedModel(BaseModel):
    """What a session's window says: the pose at this frame, its expected errors, and how many frames counted."""

    world_from_volume: list[list[float]]
    camera_from_volume: list[list[float]]
    error_estimate: ErrorEstimateModel
    frames: int


PROMISED_FIELDS = ("camera_from_volume", "world_from_volume", "reason", "reason_text")
"""Fields of an object's part that are there in every answer, null where there is nothing to tell."""


class FoundModel(BaseModel):
    """One object's part of an answer. One that is LOST has no pose."""

    case: str
    model: str
    status: Literal["TRACKING", "LOW_CONFIDENCE", "LOST"]
    confidence: float
    camera_from_volume: list[list[float]] | None
    world_from_volume: list[list[float]] | None
    error_estimate: ErrorEstimateModel
    visible_fraction: float
    reason: str | None = None
    reason_text: str | None = None
    smoothed: SmoothedModel | None = None
    outline: list[list[list[float]]] | None = None
    covariance: list[list[float]] | None = None


class ResultModel(FoundModel):
    """One frame's answer, of the first object; `objects` are there when there are several, `smoothed` if asked for."""

    seq: int
    timing_ms: dict[str, float]
    age_ms: float
    dropped_since_last: int
    device: str
    camera: str
    views: list[str]
    views_left_out: dict[str, str]
    objects: list[FoundModel] | None = None
    searching: list[str] | None = None


class TrackModel(BaseModel):
    """An object of a session."""

    case: str
    state: str
    last_status: str | None
    last_pose: list[list[float]] | None


class SessionModel(BaseModel):
    """A session as the service sees it."""

    session: str
    case: str
    state: str
    policy: str
    last_seq: int | None
    last_status: str | None
    last_pose: list[list[float]] | None
    counters: dict[str, int]
    dropped: dict[str, int]
    cameras: list[str]
    objects: list[TrackModel]


class CaseModel(BaseModel):
    """A case as the service holds it."""

    case: str
    state: Literal["preparing", "ready", "failed", "cancelled"]
    progress: float
    step: str
    detail: str
    verification: dict[str, Any] | None
    volume: dict[str, Any] | None
    atlas: dict[str, Any] | None
    model: str | None
