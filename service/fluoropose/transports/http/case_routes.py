"""The routes of cases: listing, uploading, deleting, rendering."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from fastapi import APIRouter, Header, Request, Response
from starlette.datastructures import FormData, UploadFile

from fluoropose.arrays import Mat33
from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.prepare import ViewChoice
from fluoropose.errors import InputError, NotReadyError
from fluoropose.geometry.rigid import check_rigid
from fluoropose.io.arrays_on_disk import require_room, reserve
from fluoropose.io.audit import Actor
from fluoropose.io.files import storage_errors
from fluoropose.io.frames import npy_bytes, png_bytes
from fluoropose.io.preparation import VIEWS, CaseRequest, volume_suffix
from fluoropose.serving.case_description import describe_volume
from fluoropose.serving.case_records import CaseRecord
from fluoropose.serving.service import Service
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.http.access import actor_of
from fluoropose.transports.http.bodies import UnsupportedMediaError, media_type
from fluoropose.transports.http.decode import decode_json, decode_render_pose
from fluoropose.transports.http.request_schemas import RenderRequest
from fluoropose.transports.http.schemas import CaseModel, CaseOptions

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


_BLOCK_BYTES = 4 * 2**20
"""An upload is written in blocks of so many bytes; between two the service may shut down."""


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
        # The form is kept in the system's folder of temporary files while it comes, then beside the cases.
        length = _content_length(request)
        require_room(Path(tempfile.gettempdir()), length)
        folder = service.new_upload(length)
        with _dropped_on_failure(service, folder), storage_errors("to write an upload"):
            async with request.form(max_files=2, max_fields=4) as form:
                record = await _submit_upload(parts, form, grid, folder, actor_of(request.scope))
        response.headers["Location"] = f"/v1/cases/{record.name}"
        return _case_model(service, record.name)

    @router.delete("/cases/{case}", status_code=204)
    async def delete(case: str, request: Request) -> None:
        service.require_writable(case)
        await parts.streams.release_case(case)
        await broker.run_off_loop(lambda: service.delete(case, actor_of(request.scope)))

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


def _content_length(request: Request) -> int:
    """Return how many bytes a request says that its body has, 0 if it does not say."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


@contextmanager
def _dropped_on_failure(service: Service, folder: Path) -> Iterator[None]:
    """Remove the folder of an upload if the block raises."""
    try:
        yield
    except BaseException:
        service.drop_upload(folder)
        raise


async def _submit_upload(
    parts: ServingParts, form: FormData, grid: AtlasGrid, folder: Path, actor: Actor
) -> CaseRecord:
    """Begin to prepare the case of a form; its files are kept in `folder` until the case is ready or has failed."""
    text, volume, labels = form.get("options"), form.get("volume"), form.get("label_map")
    if not isinstance(text, str) or not isinstance(volume, UploadFile):
        raise InputError("expected a form with the file `volume` and the text `options`, got another")
    options, service = decode_json(CaseOptions, text), parts.service
    files = await parts.broker.run_off_loop(lambda: _save_uploads(service, volume, labels, folder))
    request = _case_request(options, files, grid)
    finished = partial(service.drop_upload, folder)
    return await parts.broker.run_off_loop(
        lambda: service.submit(options.name, request, finished, actor.key, actor.address)
    )


def _save_uploads(service: Service, volume: UploadFile, labels: object, folder: Path) -> tuple[Path, Path | None]:
    """Write a volume and, if there is one, its label map into a folder; return their files."""
    saved = _save(service, volume, folder, "volume")
    return saved, _save(service, labels, folder, "labels") if isinstance(labels, UploadFile) else None


def _save(service: Service, upload: UploadFile, folder: Path, name: str) -> Path:
    """Write an upload into a folder under our own name; its first bytes, or its name and size, tell its kind."""
    first = upload.file.read(_FIRST_BYTES)
    path = folder / (name + volume_suffix(first, upload.filename or "", upload.size))
    upload.file.seek(0)
    with path.open("wb") as file:
        reserve(file.fileno(), upload.size or 0)
        while block := upload.file.read(_BLOCK_BYTES):
            if service.draining:
                raise NotReadyError("expected a service that takes cases, got one that is shutting down")
            file.write(block)
    return path


def _case_request(options: CaseOptions, files: tuple[Path, Path | None], grid: AtlasGrid) -> CaseRequest:
    volume, label_map = files
    base = VIEWS[options.view] if options.expected_pose is None else _expected_rotation(options.expected_pose)
    choice = ViewChoice(base, options.range_mm, grid)
    box_mm = None if options.box_mm is None else np.array(options.box_mm)
    selection = (label_map, options.label, options.hu_window, box_mm, options.attenuation, options.in_air)
    return CaseRequest(volume, choice, *selection, options.material, options.attenuation_per_mm, options.hu_offset)


def _expected_rotation(camera_from_volume: object) -> Mat33:
    """Return the rotation of a pose from which the object's first views are rendered; raise GeometryError."""
    return check_rigid(camera_from_volume, "expected_pose")[:3, :3]


def _case_model(service: Service, name: str) -> CaseModel:
    record = service.record(name)
    volume, atlas = describe_volume(service.case_cache, name)
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
