"""A session's settings as the header of a recording holds them, and back: every number to the last bit."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fluoropose.errors import InputError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.field_mask import field_mask_from
from fluoropose.geometry.tolerance import CameraTolerance
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.tracking.session_settings import SessionCamera, SessionSettings

__all__ = ["RecordedSettings", "recorded_settings", "settings_json"]


@dataclass(frozen=True, slots=True, eq=False)
class RecordedSettings:
    """What a registration depends on beside the frames and the starts: the cameras, and what pixels mean."""

    cameras: Mapping[str, SessionCamera]
    meaning: PixelMeaning
    inverted: bool


def settings_json(settings: SessionSettings) -> dict[str, Any]:
    """Return a session's settings as values of JSON, which keeps every digit of a number."""
    return {
        "objects": [one.case for one in settings.objects],
        "cameras": {name: _camera_json(one) for name, one in settings.cameras.items()},
        "pixel_meaning": settings.meaning.value,
        "inverted": settings.inverted,
        "policy": settings.policy,
        "max_frame_age_ms": settings.max_frame_age_ms,
        "pairing_tolerance_ms": settings.tolerance_ms,
        "smoothed": settings.smoothing is not None,
    }


def recorded_settings(header: Mapping[str, Any]) -> RecordedSettings:
    """Return the settings in a recording's header, or raise InputError."""
    try:
        given = header["settings"]
        cameras = {name: _camera(one) for name, one in given["cameras"].items()}
        return RecordedSettings(cameras, PixelMeaning(given["pixel_meaning"]), bool(given["inverted"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"expected a session's settings in the recording, got: {type(error).__name__} {str(error)[:100]}"
        ) from error


def _camera_json(one: SessionCamera) -> dict[str, Any]:
    tolerance = one.tolerance
    return {
        "rows": one.camera.rows,
        "columns": one.camera.columns,
        "intrinsic_matrix": one.camera.intrinsic_matrix.tolist(),
        "camera_from_world": None if one.camera_from_world is None else one.camera_from_world.tolist(),
        "case": one.case,
        "tolerance": None if tolerance is None else [tolerance.focal_percent, tolerance.principal_point_px],
        "mask": None if one.mask is None else asdict(one.mask),
    }


def _camera(given: Mapping[str, Any]) -> SessionCamera:
    camera = Camera(given["rows"], given["columns"], np.array(given["intrinsic_matrix"], np.float64))
    place, tolerance = given["camera_from_world"], given["tolerance"]
    return SessionCamera(
        camera,
        None if place is None else np.array(place, np.float64),
        given["case"],
        None if tolerance is None else CameraTolerance(*tolerance),
        None if given.get("mask") is None else field_mask_from(**given["mask"]),
    )
