"""The route of the doctor: a file or a geometry in, what was understood and what looks wrong out."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, RootModel
from starlette.datastructures import UploadFile

from fluoropose.errors import FluoroposeError, InputError
from fluoropose.io.check_kinds import check_geometry_fields
from fluoropose.io.check_report import failed_report
from fluoropose.serving.upload_check import UploadCheck
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.http.bodies import media_type
from fluoropose.transports.http.decode import decode_json

__all__ = ["check_routes"]

_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/json": {"schema": {"type": "object"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class FindingModel(BaseModel):
    """What looks wrong or is worth knowing: a stable code, error, warning or note, a text, and how sure it is."""

    code: str
    severity: str
    text: str
    certainty: float


class GeometryObject(RootModel[dict[str, Any]]):
    """A geometry, or an object that holds one as `geometry` or `camera`."""


class VoxelsModel(BaseModel):
    """Every n-th voxel of a volume: base64 of float32, little-endian, the first axis the quickest."""

    shape: list[int]
    lps_from_index: list[list[float]]
    values: str


class CheckModel(BaseModel):
    """What was understood of a file, and the findings, the worst first; where asked, a picture (PNG) and voxels."""

    understood: dict[str, Any]
    findings: list[FindingModel]
    picture: str | None = None
    voxels: VoxelsModel | None = None


def check_routes(parts: ServingParts) -> APIRouter:
    """Return the route of the doctor."""
    router = APIRouter(prefix="/v1", tags=["check"])
    checks = UploadCheck()

    @router.post("/check", openapi_extra=_BODIES, response_model_exclude_unset=True)
    async def check(request: Request, picture: bool = False, voxels: bool = False) -> CheckModel:
        if media_type(request) == "application/json":
            fields = decode_json(GeometryObject, await request.body()).root
            return CheckModel(**_check_geometry(fields, picture, voxels))
        if media_type(request) == "multipart/form-data":
            async with request.form(max_files=1, max_fields=4) as form:
                files = [one for one in form.values() if isinstance(one, UploadFile)]
                if not files:
                    raise InputError("expected a form with a `file`, got none")
                data, name = await files[0].read(), files[0].filename or ""
        else:
            data, name = await request.body(), ""
        return CheckModel(**await parts.broker.run_off_loop(lambda: checks.check(data, name, picture, voxels)))

    return router


def _check_geometry(value: dict[str, Any], picture: bool, voxels: bool) -> dict[str, Any]:
    """Return the report of a geometry: the object itself, or what it holds as `geometry` or `camera`."""
    fields = value.get("geometry") or value.get("camera") or value
    if isinstance(fields, dict) and "kind" not in fields:
        fields = fields | {"kind": "intrinsic" if "intrinsic_matrix" in fields else "distances"}
    try:
        return check_geometry_fields(fields).record(picture, voxels)
    except FluoroposeError as error:
        return failed_report("geometry", "geometry", error).record(picture, voxels)
