"""The console's picture in a notebook: a frame, or a run, with what was found on it. Needs the extra `notebook`.

    from fluoropose.notebook import RunView
    RunView(case, frames, camera, found)        # found: what Registrar.track gave, one for each frame

Poses are camera_from_volume, (4, 4) in mm; pixels are (rows, columns). Nothing is sent to a service.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.silhouette import object_outline
from fluoropose.errors import InputError
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import check_frame
from fluoropose.registration.result import Registration
from fluoropose.serving.watched_frame import watched_picture
from fluoropose.transports.http.encode import encode_outline
from fluoropose.transports.http.schemas import camera_json
from fluoropose.transports.http.watch import pack_frame, picture_fields

__all__ = ["RunView"]

_PAGE = files("fluoropose") / "console_page"

_MOST_SIDE_PX = 1024
"""Larger frames are shown with this many pixels along their longer side at most."""


class RunView(anywidget.AnyWidget):
    """Shows a run's frames, one at a time, with the outline of what was found.

    Parameters
    ----------
    case : the object
    frames : (rows, columns), or a sequence of such, of one of the dtypes that frames have
    camera : the frames' camera, with any principal point and focal lengths
    found : the registration of the frame, or one for each; those that are LOST have no outline

    Raises
    ------
    InputError, FrameError
        If there is not one registration for each frame, or a frame is not the camera's.

    Notes
    -----
    `index` is the frame that is shown; `inverted` and `outlined` say how. An outline is made when its frame is shown.
    """

    _esm = (_PAGE / "notebook.js").read_text()
    _css = (_PAGE / "notebook.css").read_text()

    message = traitlets.Bytes(b"").tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)
    count = traitlets.Int(0).tag(sync=True)
    inverted = traitlets.Bool(False).tag(sync=True)
    outlined = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self,
        case: Case,
        frames: NDArray[Any] | Sequence[NDArray[Any]],
        camera: Camera,
        found: Registration | Sequence[Registration],
    ) -> None:
        run = [frames] if isinstance(frames, np.ndarray) and frames.ndim == 2 else list(frames)
        results = [found] if isinstance(found, Registration) else list(found)
        if not run or len(run) != len(results):
            raise InputError(f"expected one registration per frame, got {len(run)} frames and {len(results)}")
        self._case, self._camera, self._results = case, camera, results
        self._frames = [check_frame(np.asarray(one), camera) for one in run]
        self._renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
        super().__init__(count=len(run), message=self._message(0))

    @traitlets.validate("index")
    def _in_range(self, proposal: dict[str, Any]) -> int:
        return min(max(int(proposal["value"]), 0), len(self._frames) - 1)

    @traitlets.observe("index")
    def _show(self, change: dict[str, Any]) -> None:
        self.message = self._message(change["new"])

    def _message(self, index: int) -> bytes:
        """Return a frame with its result as an observer of a session gets it."""
        picture = watched_picture(self._frames[index], _MOST_SIDE_PX)
        header = {
            "seq": index,
            "captured_at": 0.0,
            **picture_fields(picture),
            "camera": camera_json(self._camera),
            "result": self._result(index),
        }
        return pack_frame(header, picture.pixels)

    def _result(self, index: int) -> dict[str, Any]:
        one = self._results[index]
        result: dict[str, Any] = {"seq": index, "case": self._case.name, "status": one.status}
        result |= {"confidence": one.confidence, "reason_text": one.reason_text or None, "camera_from_volume": None}
        if one.status != "LOST":
            pose = one.camera_from_volume
            outline = object_outline(self._renderer, self._camera, pose, self._case.corners_mm)
            result |= {"camera_from_volume": pose.tolist(), "outline": encode_outline(outline)}
        return result
