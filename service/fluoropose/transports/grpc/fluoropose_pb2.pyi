from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Motion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STILL: _ClassVar[Motion]
    MOVING: _ClassVar[Motion]

class PixelMeaning(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTENSITY: _ClassVar[PixelMeaning]
    LINE_INTEGRAL: _ClassVar[PixelMeaning]
    DISPLAY: _ClassVar[PixelMeaning]

class Policy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LATEST: _ClassVar[Policy]
    REJECT: _ClassVar[Policy]

class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOST: _ClassVar[Status]
    LOW_CONFIDENCE: _ClassVar[Status]
    TRACKING: _ClassVar[Status]
STILL: Motion
MOVING: Motion
INTENSITY: PixelMeaning
LINE_INTEGRAL: PixelMeaning
DISPLAY: PixelMeaning
LATEST: Policy
REJECT: Policy
LOST: Status
LOW_CONFIDENCE: Status
TRACKING: Status

class Camera(_message.Message):
    __slots__ = ("rows", "columns", "row_spacing_mm", "column_spacing_mm", "source_to_detector_mm", "principal_point_px", "intrinsic_matrix", "camera_from_world", "case", "tolerance", "mask")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROW_SPACING_MM_FIELD_NUMBER: _ClassVar[int]
    COLUMN_SPACING_MM_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TO_DETECTOR_MM_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_POINT_PX_FIELD_NUMBER: _ClassVar[int]
    INTRINSIC_MATRIX_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FROM_WORLD_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    rows: int
    columns: int
    row_spacing_mm: float
    column_spacing_mm: float
    source_to_detector_mm: float
    principal_point_px: _containers.RepeatedScalarFieldContainer[float]
    intrinsic_matrix: _containers.RepeatedScalarFieldContainer[float]
    camera_from_world: _containers.RepeatedScalarFieldContainer[float]
    case: str
    tolerance: Tolerance
    mask: Mask
    def __init__(self, rows: _Optional[int] = ..., columns: _Optional[int] = ..., row_spacing_mm: _Optional[float] = ..., column_spacing_mm: _Optional[float] = ..., source_to_detector_mm: _Optional[float] = ..., principal_point_px: _Optional[_Iterable[float]] = ..., intrinsic_matrix: _Optional[_Iterable[float]] = ..., camera_from_world: _Optional[_Iterable[float]] = ..., case: _Optional[str] = ..., tolerance: _Optional[_Union[Tolerance, _Mapping]] = ..., mask: _Optional[_Union[Mask, _Mapping]] = ...) -> None: ...

class Mask(_message.Message):
    __slots__ = ("circle_px", "polygon_px", "hidden_px")
    CIRCLE_PX_FIELD_NUMBER: _ClassVar[int]
    POLYGON_PX_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_PX_FIELD_NUMBER: _ClassVar[int]
    circle_px: _containers.RepeatedScalarFieldContainer[float]
    polygon_px: _containers.RepeatedScalarFieldContainer[float]
    hidden_px: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, circle_px: _Optional[_Iterable[float]] = ..., polygon_px: _Optional[_Iterable[float]] = ..., hidden_px: _Optional[_Iterable[float]] = ...) -> None: ...

class Tolerance(_message.Message):
    __slots__ = ("focal_percent", "principal_point_px")
    FOCAL_PERCENT_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_POINT_PX_FIELD_NUMBER: _ClassVar[int]
    focal_percent: float
    principal_point_px: float
    def __init__(self, focal_percent: _Optional[float] = ..., principal_point_px: _Optional[float] = ...) -> None: ...

class CArm(_message.Message):
    __slots__ = ("primary_deg", "secondary_deg", "source_to_isocenter_mm")
    PRIMARY_DEG_FIELD_NUMBER: _ClassVar[int]
    SECONDARY_DEG_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TO_ISOCENTER_MM_FIELD_NUMBER: _ClassVar[int]
    primary_deg: float
    secondary_deg: float
    source_to_isocenter_mm: float
    def __init__(self, primary_deg: _Optional[float] = ..., secondary_deg: _Optional[float] = ..., source_to_isocenter_mm: _Optional[float] = ...) -> None: ...

class NamedCamera(_message.Message):
    __slots__ = ("name", "camera")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    name: str
    camera: Camera
    def __init__(self, name: _Optional[str] = ..., camera: _Optional[_Union[Camera, _Mapping]] = ...) -> None: ...

class Object(_message.Message):
    __slots__ = ("case", "initial_pose")
    CASE_FIELD_NUMBER: _ClassVar[int]
    INITIAL_POSE_FIELD_NUMBER: _ClassVar[int]
    case: str
    initial_pose: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, case: _Optional[str] = ..., initial_pose: _Optional[_Iterable[float]] = ...) -> None: ...

class Smoothing(_message.Message):
    __slots__ = ("window_s", "object")
    WINDOW_S_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    window_s: float
    object: Motion
    def __init__(self, window_s: _Optional[float] = ..., object: _Optional[_Union[Motion, str]] = ...) -> None: ...

class SessionSettings(_message.Message):
    __slots__ = ("case", "camera", "pixel_meaning", "inverted", "initial_pose", "max_frame_age_ms", "policy", "cameras", "cases", "pairing_tolerance_ms", "smoothing", "include")
    CASE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    PIXEL_MEANING_FIELD_NUMBER: _ClassVar[int]
    INVERTED_FIELD_NUMBER: _ClassVar[int]
    INITIAL_POSE_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAME_AGE_MS_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    CAMERAS_FIELD_NUMBER: _ClassVar[int]
    CASES_FIELD_NUMBER: _ClassVar[int]
    PAIRING_TOLERANCE_MS_FIELD_NUMBER: _ClassVar[int]
    SMOOTHING_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_FIELD_NUMBER: _ClassVar[int]
    case: str
    camera: Camera
    pixel_meaning: PixelMeaning
    inverted: bool
    initial_pose: _containers.RepeatedScalarFieldContainer[float]
    max_frame_age_ms: float
    policy: Policy
    cameras: _containers.RepeatedCompositeFieldContainer[NamedCamera]
    cases: _containers.RepeatedCompositeFieldContainer[Object]
    pairing_tolerance_ms: float
    smoothing: Smoothing
    include: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, case: _Optional[str] = ..., camera: _Optional[_Union[Camera, _Mapping]] = ..., pixel_meaning: _Optional[_Union[PixelMeaning, str]] = ..., inverted: _Optional[bool] = ..., initial_pose: _Optional[_Iterable[float]] = ..., max_frame_age_ms: _Optional[float] = ..., policy: _Optional[_Union[Policy, str]] = ..., cameras: _Optional[_Iterable[_Union[NamedCamera, _Mapping]]] = ..., cases: _Optional[_Iterable[_Union[Object, _Mapping]]] = ..., pairing_tolerance_ms: _Optional[float] = ..., smoothing: _Optional[_Union[Smoothing, _Mapping]] = ..., include: _Optional[_Iterable[str]] = ...) -> None: ...

class OpenSessionRequest(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: SessionSettings
    def __init__(self, settings: _Optional[_Union[SessionSettings, _Mapping]] = ...) -> None: ...

class OpenSessionResponse(_message.Message):
    __slots__ = ("session", "endpoints")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    session: str
    endpoints: Endpoints
    def __init__(self, session: _Optional[str] = ..., endpoints: _Optional[_Union[Endpoints, _Mapping]] = ...) -> None: ...

class Endpoints(_message.Message):
    __slots__ = ("http", "grpc")
    HTTP_FIELD_NUMBER: _ClassVar[int]
    GRPC_FIELD_NUMBER: _ClassVar[int]
    http: str
    grpc: str
    def __init__(self, http: _Optional[str] = ..., grpc: _Optional[str] = ...) -> None: ...

class CloseSessionRequest(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: str
    def __init__(self, session: _Optional[str] = ...) -> None: ...

class CloseSessionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Frame(_message.Message):
    __slots__ = ("data", "media_type", "dtype", "rows", "columns", "seq", "captured_at", "camera", "camera_from_world", "c_arm")
    DATA_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AT_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FROM_WORLD_FIELD_NUMBER: _ClassVar[int]
    C_ARM_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    media_type: str
    dtype: str
    rows: int
    columns: int
    seq: int
    captured_at: float
    camera: str
    camera_from_world: _containers.RepeatedScalarFieldContainer[float]
    c_arm: CArm
    def __init__(self, data: _Optional[bytes] = ..., media_type: _Optional[str] = ..., dtype: _Optional[str] = ..., rows: _Optional[int] = ..., columns: _Optional[int] = ..., seq: _Optional[int] = ..., captured_at: _Optional[float] = ..., camera: _Optional[str] = ..., camera_from_world: _Optional[_Iterable[float]] = ..., c_arm: _Optional[_Union[CArm, _Mapping]] = ...) -> None: ...

class View(_message.Message):
    __slots__ = ("camera", "frame", "name")
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    camera: Camera
    frame: Frame
    name: str
    def __init__(self, camera: _Optional[_Union[Camera, _Mapping]] = ..., frame: _Optional[_Union[Frame, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class RegisterRequest(_message.Message):
    __slots__ = ("settings", "frame", "views")
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    settings: SessionSettings
    frame: Frame
    views: _containers.RepeatedCompositeFieldContainer[View]
    def __init__(self, settings: _Optional[_Union[SessionSettings, _Mapping]] = ..., frame: _Optional[_Union[Frame, _Mapping]] = ..., views: _Optional[_Iterable[_Union[View, _Mapping]]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("session", "takeover", "settings")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    TAKEOVER_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    session: str
    takeover: bool
    settings: SessionSettings
    def __init__(self, session: _Optional[str] = ..., takeover: _Optional[bool] = ..., settings: _Optional[_Union[SessionSettings, _Mapping]] = ...) -> None: ...

class Restart(_message.Message):
    __slots__ = ("initial_pose", "camera", "case", "cameras", "add", "remove", "include")
    INITIAL_POSE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    CAMERAS_FIELD_NUMBER: _ClassVar[int]
    ADD_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_FIELD_NUMBER: _ClassVar[int]
    initial_pose: _containers.RepeatedScalarFieldContainer[float]
    camera: Camera
    case: str
    cameras: _containers.RepeatedCompositeFieldContainer[NamedCamera]
    add: _containers.RepeatedCompositeFieldContainer[Object]
    remove: _containers.RepeatedScalarFieldContainer[str]
    include: Include
    def __init__(self, initial_pose: _Optional[_Iterable[float]] = ..., camera: _Optional[_Union[Camera, _Mapping]] = ..., case: _Optional[str] = ..., cameras: _Optional[_Iterable[_Union[NamedCamera, _Mapping]]] = ..., add: _Optional[_Iterable[_Union[Object, _Mapping]]] = ..., remove: _Optional[_Iterable[str]] = ..., include: _Optional[_Union[Include, _Mapping]] = ...) -> None: ...

class Include(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, parts: _Optional[_Iterable[str]] = ...) -> None: ...

class Ping(_message.Message):
    __slots__ = ("client_time",)
    CLIENT_TIME_FIELD_NUMBER: _ClassVar[int]
    client_time: float
    def __init__(self, client_time: _Optional[float] = ...) -> None: ...

class ClientMessage(_message.Message):
    __slots__ = ("hello", "frame", "restart", "ping")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    RESTART_FIELD_NUMBER: _ClassVar[int]
    PING_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    frame: Frame
    restart: Restart
    ping: Ping
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., frame: _Optional[_Union[Frame, _Mapping]] = ..., restart: _Optional[_Union[Restart, _Mapping]] = ..., ping: _Optional[_Union[Ping, _Mapping]] = ...) -> None: ...

class ErrorEstimate(_message.Message):
    __slots__ = ("in_plane_mm", "depth_mm", "rotation_deg")
    IN_PLANE_MM_FIELD_NUMBER: _ClassVar[int]
    DEPTH_MM_FIELD_NUMBER: _ClassVar[int]
    ROTATION_DEG_FIELD_NUMBER: _ClassVar[int]
    in_plane_mm: float
    depth_mm: float
    rotation_deg: float
    def __init__(self, in_plane_mm: _Optional[float] = ..., depth_mm: _Optional[float] = ..., rotation_deg: _Optional[float] = ...) -> None: ...

class Smoothed(_message.Message):
    __slots__ = ("world_from_volume", "camera_from_volume", "error_estimate", "frames")
    WORLD_FROM_VOLUME_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FROM_VOLUME_FIELD_NUMBER: _ClassVar[int]
    ERROR_ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    world_from_volume: _containers.RepeatedScalarFieldContainer[float]
    camera_from_volume: _containers.RepeatedScalarFieldContainer[float]
    error_estimate: ErrorEstimate
    frames: int
    def __init__(self, world_from_volume: _Optional[_Iterable[float]] = ..., camera_from_volume: _Optional[_Iterable[float]] = ..., error_estimate: _Optional[_Union[ErrorEstimate, _Mapping]] = ..., frames: _Optional[int] = ...) -> None: ...

class Polygon(_message.Message):
    __slots__ = ("pixels",)
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    pixels: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, pixels: _Optional[_Iterable[float]] = ...) -> None: ...

class Found(_message.Message):
    __slots__ = ("case", "model", "status", "confidence", "camera_from_volume", "world_from_volume", "error_estimate", "smoothed", "reason", "outline", "covariance", "reason_text", "visible_fraction")
    CASE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FROM_VOLUME_FIELD_NUMBER: _ClassVar[int]
    WORLD_FROM_VOLUME_FIELD_NUMBER: _ClassVar[int]
    ERROR_ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    SMOOTHED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OUTLINE_FIELD_NUMBER: _ClassVar[int]
    COVARIANCE_FIELD_NUMBER: _ClassVar[int]
    REASON_TEXT_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_FRACTION_FIELD_NUMBER: _ClassVar[int]
    case: str
    model: str
    status: Status
    confidence: float
    camera_from_volume: _containers.RepeatedScalarFieldContainer[float]
    world_from_volume: _containers.RepeatedScalarFieldContainer[float]
    error_estimate: ErrorEstimate
    smoothed: Smoothed
    reason: str
    outline: _containers.RepeatedCompositeFieldContainer[Polygon]
    covariance: _containers.RepeatedScalarFieldContainer[float]
    reason_text: str
    visible_fraction: float
    def __init__(self, case: _Optional[str] = ..., model: _Optional[str] = ..., status: _Optional[_Union[Status, str]] = ..., confidence: _Optional[float] = ..., camera_from_volume: _Optional[_Iterable[float]] = ..., world_from_volume: _Optional[_Iterable[float]] = ..., error_estimate: _Optional[_Union[ErrorEstimate, _Mapping]] = ..., smoothed: _Optional[_Union[Smoothed, _Mapping]] = ..., reason: _Optional[str] = ..., outline: _Optional[_Iterable[_Union[Polygon, _Mapping]]] = ..., covariance: _Optional[_Iterable[float]] = ..., reason_text: _Optional[str] = ..., visible_fraction: _Optional[float] = ...) -> None: ...

class Result(_message.Message):
    __slots__ = ("seq", "status", "camera_from_volume", "confidence", "error_estimate", "timing_ms", "age_ms", "dropped_since_last", "case", "model", "device", "camera", "views", "views_left_out", "world_from_volume", "smoothed", "objects", "searching", "reason", "outline", "covariance", "reason_text", "visible_fraction")
    class TimingMsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class ViewsLeftOutEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SEQ_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FROM_VOLUME_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    ERROR_ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    TIMING_MS_FIELD_NUMBER: _ClassVar[int]
    AGE_MS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_SINCE_LAST_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    VIEWS_LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    WORLD_FROM_VOLUME_FIELD_NUMBER: _ClassVar[int]
    SMOOTHED_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    SEARCHING_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OUTLINE_FIELD_NUMBER: _ClassVar[int]
    COVARIANCE_FIELD_NUMBER: _ClassVar[int]
    REASON_TEXT_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_FRACTION_FIELD_NUMBER: _ClassVar[int]
    seq: int
    status: Status
    camera_from_volume: _containers.RepeatedScalarFieldContainer[float]
    confidence: float
    error_estimate: ErrorEstimate
    timing_ms: _containers.ScalarMap[str, float]
    age_ms: float
    dropped_since_last: int
    case: str
    model: str
    device: str
    camera: str
    views: _containers.RepeatedScalarFieldContainer[str]
    views_left_out: _containers.ScalarMap[str, str]
    world_from_volume: _containers.RepeatedScalarFieldContainer[float]
    smoothed: Smoothed
    objects: _containers.RepeatedCompositeFieldContainer[Found]
    searching: _containers.RepeatedScalarFieldContainer[str]
    reason: str
    outline: _containers.RepeatedCompositeFieldContainer[Polygon]
    covariance: _containers.RepeatedScalarFieldContainer[float]
    reason_text: str
    visible_fraction: float
    def __init__(self, seq: _Optional[int] = ..., status: _Optional[_Union[Status, str]] = ..., camera_from_volume: _Optional[_Iterable[float]] = ..., confidence: _Optional[float] = ..., error_estimate: _Optional[_Union[ErrorEstimate, _Mapping]] = ..., timing_ms: _Optional[_Mapping[str, float]] = ..., age_ms: _Optional[float] = ..., dropped_since_last: _Optional[int] = ..., case: _Optional[str] = ..., model: _Optional[str] = ..., device: _Optional[str] = ..., camera: _Optional[str] = ..., views: _Optional[_Iterable[str]] = ..., views_left_out: _Optional[_Mapping[str, str]] = ..., world_from_volume: _Optional[_Iterable[float]] = ..., smoothed: _Optional[_Union[Smoothed, _Mapping]] = ..., objects: _Optional[_Iterable[_Union[Found, _Mapping]]] = ..., searching: _Optional[_Iterable[str]] = ..., reason: _Optional[str] = ..., outline: _Optional[_Iterable[_Union[Polygon, _Mapping]]] = ..., covariance: _Optional[_Iterable[float]] = ..., reason_text: _Optional[str] = ..., visible_fraction: _Optional[float] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("session", "server_time")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    session: str
    server_time: float
    def __init__(self, session: _Optional[str] = ..., server_time: _Optional[float] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("seq", "code", "detail")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    seq: int
    code: str
    detail: str
    def __init__(self, seq: _Optional[int] = ..., code: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class GoingAway(_message.Message):
    __slots__ = ("reconnect_after_ms", "last_pose")
    RECONNECT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_POSE_FIELD_NUMBER: _ClassVar[int]
    reconnect_after_ms: int
    last_pose: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, reconnect_after_ms: _Optional[int] = ..., last_pose: _Optional[_Iterable[float]] = ...) -> None: ...

class Pong(_message.Message):
    __slots__ = ("client_time", "server_time")
    CLIENT_TIME_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    client_time: float
    server_time: float
    def __init__(self, client_time: _Optional[float] = ..., server_time: _Optional[float] = ...) -> None: ...

class Ended(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class ServerMessage(_message.Message):
    __slots__ = ("welcome", "result", "problem", "going_away", "pong", "ended")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    GOING_AWAY_FIELD_NUMBER: _ClassVar[int]
    PONG_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    welcome: Welcome
    result: Result
    problem: Problem
    going_away: GoingAway
    pong: Pong
    ended: Ended
    def __init__(self, welcome: _Optional[_Union[Welcome, _Mapping]] = ..., result: _Optional[_Union[Result, _Mapping]] = ..., problem: _Optional[_Union[Problem, _Mapping]] = ..., going_away: _Optional[_Union[GoingAway, _Mapping]] = ..., pong: _Optional[_Union[Pong, _Mapping]] = ..., ended: _Optional[_Union[Ended, _Mapping]] = ...) -> None: ...
