"""The routes of cases: listing, uploading, deleting, rendering."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from fastapi import APIRouter, Header, Request, Response
from starlette.datastructures import FormData, UploadFile

from fluoropose.arrays import Mat33
from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.prepare import ViewChoice
from fluoropose.errors import InputError
from fluoropose.geometry.rigid import check_rigid
from fluoropose.io.frames import npy_bytes, png_bytes
from fluoropose.io.preparation import VIEWS, CaseRequest, volume_suffix
from fluoropose.serving.case_records import CaseRecord
from fluoropose.serving.service import Service, describe_volume
from fluoropose.serving.wiring import ServingParts
from fluoropose.tracking.session_settings import Change
from fluoropose.transports.http.access import owner_of
from fluoropose.transports.http.bodies import UnsupportedMediaError, media_type
from fluoropose.transports.http.decode import decode_json, decode_render_pose
from fluoropose.transports.http.schemas import CaseModel, CaseOptions, RenderRequest

__all__ = ["case_routes"]

UPLOAD_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["volume", "options"],
                    "properties": {
                        "volume": {"type": "string", "format": "binary"},
                        "label_map": {"type": "string", "format": "binary"},
                        "options": {"type": "string"},
                    },
                }
            }
        },
    }
}


_FIRST_BYTES = 1024
"""Of an upload, to tell its kind: more than the header of an STL, and the comments before an OBJ's first vertex."""


def case_routes(parts: ServingParts, grid: AtlasGrid) -> APIRouter:
    """Return the routes of cases; `grid` is that of the atlas of an uploaded case."""
    router = APIRouter(prefix="/v1", tags=["cases"])
    service, broker = parts.service, parts.broker

    @router.get("/cases")
    async def cases() -> list[CaseModel]:
        return [_case_model(service, name) for name in sorted(service.records)]

    @router.post("/cases", status_code=201, openapi_extra=UPLOAD_SCHEMA)
    async def upload(request: Request, response: Response) -> CaseModel:
        if media_type(request) != "multipart/form-data":
            raise UnsupportedMediaError(f"expected multipart/form-data, got {media_type(request) or 'none'}")
        async with request.form(max_files=2, max_fields=4) as form:
            record = await _submit_upload(parts, form, grid, owner_of(request.scope))
        response.headers["Location"] = f"/v1/cases/{record.name}"
        return _case_model(service, record.name)

    @router.delete("/cases/{case}", status_code=204)
    async def delete(case: str) -> None:
        service.record(case)
        for session in service.sessions.of_case(case):
            if {case} < set(session.objects):
                await broker.change(session, Change(remove=(case,)))
            else:
                parts.streams.close(session)
        await broker.run_off_loop(lambda: service.delete(case))

    @router.get("/cases/{case}")
    async def one_case(case: str) -> CaseModel:
        return _case_model(service, service.record(case).name)

    @router.post("/render", response_class=Response)
    async def render(body: RenderRequest, accept: str = Header(default="*/*")) -> Response:
        camera, pose = body.camera.value().camera, decode_render_pose(body)
        as_png = body.format == "png" or (body.format is None and "image/png" in accept)
        encode = png_bytes if as_png else npy_bytes
        data = await broker.run_off_loop(lambda: encode(service.render(body.case, camera, pose)))
        return Response(data, media_type="image/png" if as_png else "application/x-npy")

    return router


async def _submit_upload(parts: ServingParts, form: FormData, grid: AtlasGrid, owner: str) -> CaseRecord:
    """Begin to prepare the case of a form; its files are kept until the case is ready or has failed."""
    text, volume, labels = form.get("options"), form.get("volume"), form.get("label_map")
    if not isinstance(text, str) or not isinstance(volume, UploadFile):
        raise InputError("expected a form with the file `volume` and the text `options`, got another")
    options = decode_json(CaseOptions, text)
    folder = Path(tempfile.mkdtemp(prefix="fluoropose-upload-"))
    try:
        files = await parts.broker.run_off_loop(lambda: _save_uploads(volume, labels, folder))
        request = _case_request(options, files, grid)
        return parts.service.submit(options.name, request, lambda: shutil.rmtree(folder, ignore_errors=True), owner)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _save_uploads(volume: UploadFile, labels: object, folder: Path) -> tuple[Path, Path | None]:
    """Write a volume and, if there is one, its label map into a folder; return their files."""
    return _save(volume, folder, "volume"), _save(labels, folder, "labels") if isinstance(labels, UploadFile) else None


def _save(upload: UploadFile, folder: Path, name: str) -> Path:
    """Write an upload into a folder under our own name; its first bytes, or its name and size, tell its kind."""
    first = upload.file.read(_FIRST_BYTES)
    path = folder / (name + volume_suffix(first, upload.filename or "", upload.size))
    upload.file.seek(0)
    with path.open("wb") as file:
        shutil.copyfileobj(upload.file, file)
    return path


def _case_request(options: CaseOptions, files: tuple[Path, Path | None], grid: AtlasGrid) -> CaseRequest:
    volume, label_map = files
    base = VIEWS[options.view] if options.expected_pose is None else _expected_rotation(options.expected_pose)
    choice = ViewChoice(base, options.range_mm, grid)
    box_mm = None if options.box_mm is None else np.array(options.box_mm)
    selection = (label_map, options.label, options.hu_window, box_mm, options.attenuation, options.in_air)
    return CaseRequest(volume, choice, *selection, options.material, options.attenuation_per_mm)


def _expected_rotation(camera_from_volume: object) -> Mat33:
    """Return the rotation of a pose from which the object's first views are rendered; raise GeometryError."""
    return check_rigid(camera_from_volume, "expected_pose")[:3, :3]


def _case_model(service: Service, name: str) -> CaseModel:
    record = service.record(name)
    volume, atlas = describe_volume(service, name)
    return CaseModel.model_validate(
        {
            "case": name,
            "state": record.state,
            "progress": record.progress,
            "step": record.step,
            "detail": record.detail,
            "verification": record.verification,
            "volume": volume,
            "atlas": atlas,
            "model": record.model,
        }
    )
