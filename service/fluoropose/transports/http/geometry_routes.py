"""The route of geometry: a camera from one way of writing it down to another, with what is unlikely about it."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from fluoropose.geometry.conversion.convert import GEOMETRY_KINDS, Conversion, convert_geometry
from fluoropose.geometry.conversion.findings import find_unlikely_geometry
from fluoropose.transports.http.schemas import Strict, camera_json

__all__ = ["ConversionModel", "conversion_json", "geometry_routes"]


class ConvertRequest(Strict):
    """Asks for a geometry in another kind; `to` is a kind, or an object of a kind and its options."""

    source: dict[str, Any] = Field(
        alias="from", json_schema_extra={"properties": {"kind": {"enum": [*GEOMETRY_KINDS]}}}
    )
    to: str | dict[str, Any]


class GeometryFindingModel(BaseModel):
    """What looks unlikely."""

    code: str
    severity: str
    text: str
    certainty: float


class ConversionModel(BaseModel):
    """A geometry in the kind that was asked for, the camera as the API takes it, and what is to be known of both."""

    geometry: dict[str, Any]
    camera: dict[str, Any]
    losses: list[str]
    notes: list[str]
    first_guess: bool
    findings: list[GeometryFindingModel]


def geometry_routes() -> APIRouter:
    """Return the route of geometry."""
    router = APIRouter(prefix="/v1/geometry", tags=["geometry"])

    @router.post("/convert")
    async def convert(body: ConvertRequest) -> ConversionModel:
        return ConversionModel(**conversion_json(convert_geometry(body.source, body.to)))

    return router


def conversion_json(done: Conversion) -> dict[str, Any]:
    """Return a conversion as the API answers it."""
    geometry = done.geometry
    camera = camera_json(geometry.camera)
    if geometry.camera_from_world is not None:
        camera["camera_from_world"] = geometry.camera_from_world.tolist()
    findings = find_unlikely_geometry(geometry)
    return {
        "geometry": done.fields,
        "camera": camera,
        "losses": list(done.losses),
        "notes": list(geometry.notes),
        "first_guess": geometry.is_first_guess,
        "findings": [
            {"code": one.code, "severity": one.severity, "text": one.text, "certainty": one.certainty}
            for one in findings
        ],
    }
