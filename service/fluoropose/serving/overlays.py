"""Overlays: a frame with the object at a pose drawn on it, as PNG."""

from dataclasses import dataclass

from fluoropose.arrays import Mat44
from fluoropose.drr.silhouette import object_outline
from fluoropose.errors import FrameError, InputError
from fluoropose.imaging.xray import PixelMeaning, check_frame, line_integral_image
from fluoropose.io.overlays import OVERLAY_KINDS, blended_picture, outlined_picture, picture_png
from fluoropose.serving.camera_request import CameraRequest
from fluoropose.serving.messages import CompressedFrame, EncodedFrame
from fluoropose.serving.service import Service

__all__ = ["OverlayRequest", "render_overlay"]


@dataclass(frozen=True, slots=True, eq=False)
class OverlayRequest:
    """Asks for an overlay of a kind of `OVERLAY_KINDS`.

    Raises
    ------
    InputError, FrameError
        If the kind is unknown, or there is no frame.
    """

    case: str
    camera: CameraRequest
    camera_from_volume: Mat44
    frame: EncodedFrame | CompressedFrame | None
    kind: str = "outline"
    meaning: PixelMeaning = PixelMeaning.INTENSITY
    inverted: bool = False

    def __post_init__(self) -> None:
        """Check the kind and that there is a frame."""
        if self.kind not in OVERLAY_KINDS:
            raise InputError(f"expected an overlay of kind {', '.join(OVERLAY_KINDS)}, got {self.kind[:40]!r}")
        if self.frame is None:
            raise FrameError("expected a frame to draw on, got none")


def render_overlay(service: Service, request: OverlayRequest) -> bytes:
    """Return an overlay as a PNG file of the frame's size.

    Raises
    ------
    UnknownCaseError, ConflictError, NotReadyError
        If the case is not there or not ready.
    FrameError
        If the frame cannot be decoded or is not the camera's.
    """
    resident, camera, pose = service.resident(request.case), request.camera.camera, request.camera_from_volume
    if request.frame is None:
        raise AssertionError("expected a request with a frame, got none")
    pixels = check_frame(request.frame.pixels(camera), camera)
    frame = line_integral_image(pixels, request.meaning, 1, request.inverted)
    if request.kind == "outline":
        outline = object_outline(resident.renderer, camera, pose, resident.case.corners_mm)
        return picture_png(outlined_picture(frame, outline))
    return picture_png(blended_picture(request.kind, frame, resident.renderer.render(camera, pose)))
