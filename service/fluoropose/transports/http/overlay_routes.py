"""The route of overlays: a frame with the object at a pose drawn on it."""

from dataclasses import replace
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.datastructures import UploadFile

from fluoropose.errors import InputError
from fluoropose.geometry.rigid import check_rigid
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.serving.frame_request import FrameHeader
from fluoropose.serving.messages import EncodedFrame
from fluoropose.serving.overlays import OverlayRequest, render_overlay
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.http.bodies import media_type
from fluoropose.transports.http.decode import decode_base64_frame, decode_json
from fluoropose.transports.http.openapi_bodies import json_or_form
from fluoropose.transports.http.request_schemas import PlacedCameraModel
from fluoropose.transports.http.schemas import Matrix, PixelMeaningName, Strict

__all__ = ["OverlayModel", "overlay_routes"]


class OverlayModel(Strict):
    """Asks for an overlay; `frame` is base64 of an npy, PNG or DICOM file unless it comes as a form's file."""

    case: str = Field(max_length=64)
    camera: PlacedCameraModel
    camera_from_volume: Matrix | None = None
    pose: Matrix | None = None
    frame: str | None = None
    kind: Literal["outline", "shaded", "checkerboard", "difference"] = "outline"
    pixel_meaning: PixelMeaningName = "intensity"
    inverted: bool = False


def overlay_routes(parts: ServingParts) -> APIRouter:
    """Return the route of overlays."""
    router = APIRouter(prefix="/v1", tags=["registration"])
    service, broker = parts.service, parts.broker

    @router.post("/overlay", openapi_extra=json_or_form(OverlayModel), response_class=Response)
    async def overlay(request: Request) -> Response:
        asked = await _read_request(request)
        if isinstance(asked.frame, EncodedFrame):
            asked = replace(asked, frame=await broker.decode_aside(asked.frame))
        picture = await broker.run_off_loop(lambda: render_overlay(service, asked))
        return Response(picture, media_type="image/png")

    return router


async def _read_request(request: Request) -> OverlayRequest:
    """Return the request of a JSON body, or of a form with the frame as a file."""
    if media_type(request) != "multipart/form-data":
        return _decode(decode_json(OverlayModel, await request.body()), None)
    async with request.form(max_files=1, max_fields=2) as form:
        text, upload = form.get("request"), form.get("frame")
        if not isinstance(text, str) or not isinstance(upload, UploadFile):
            raise InputError("expected a form with the text `request` and the file `frame`, got another")
        return _decode(decode_json(OverlayModel, text), await upload.read())


def _decode(model: OverlayModel, body: bytes | None) -> OverlayRequest:
    if (model.camera_from_volume is None) == (model.pose is None):
        got = "neither" if model.pose is None else "both"
        raise InputError(f"expected camera_from_volume, or pose, got {got}")
    pose = model.pose if model.camera_from_volume is None else model.camera_from_volume
    if body is None and model.frame is not None:
        body = decode_base64_frame(model.frame)
    return OverlayRequest(
        model.case,
        model.camera.value(),
        check_rigid(pose, "camera_from_volume"),
        None if body is None else FrameHeader().frame(body),
        model.kind,
        PixelMeaning(model.pixel_meaning),
        model.inverted,
    )
