"""The widget shows a frame or a run with what was found; its front end is a file of this installation."""

import json

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import FrameError, InputError
from fluoropose.notebook import RunView
from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
from fluoropose.registration.result import Registration


def found(pose, status=Status.TRACKING):
    assessment = Assessment(status, 0.9, ErrorEstimate(0.2, 1.0, 0.3))
    return Registration(pose, assessment, 0.9, {})


def opened(message):
    """The header and the pixels of a message."""
    length = int.from_bytes(message[:4], "little")
    header = json.loads(message[4 : 4 + length])
    return header, np.frombuffer(message, "<u2", offset=4 + length).reshape(header["rows"], header["columns"])


def test_one_frame_is_shown_with_its_outline(small_case, camera, pose, frame):
    view = RunView(small_case, frame, camera, found(pose))
    header, pixels = opened(view.message)
    assert view.count == 1
    assert np.array_equal(pixels, frame)
    (outline,) = header["result"]["outline"]
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    rows, columns = np.nonzero(lines > 0.05 * lines.max())
    assert np.abs(np.min(outline, axis=0) - [columns.min(), rows.min()]).max() < 1.5
    assert np.abs(np.max(outline, axis=0) - [columns.max(), rows.max()]).max() < 1.5


def test_a_run_shows_the_frame_that_is_asked_for(small_case, camera, pose, frame):
    run = RunView(
        small_case, np.stack([frame, frame // 2, frame]), camera, [found(pose), found(pose, Status.LOST), found(pose)]
    )
    messages = []
    run.observe(lambda change: messages.append(change["new"]), "message")
    run.index = 1
    header, pixels = opened(messages[-1])
    assert np.array_equal(pixels, frame // 2)
    assert header["seq"] == 1
    assert header["result"]["status"] == "LOST"
    assert header["result"]["camera_from_volume"] is None and "outline" not in header["result"]
    run.index = 99
    assert run.index == 2


def test_what_does_not_fit_is_refused(small_case, camera, pose, frame):
    with pytest.raises(InputError, match="one registration per frame, got 2 frames and 1"):
        RunView(small_case, [frame, frame], camera, [found(pose)])
    with pytest.raises(FrameError, match="camera's size"):
        RunView(small_case, frame[:, :64], camera, found(pose))


def test_what_a_notebook_is_sent_is_complete(small_case, camera, pose, frame):
    """Synchronised traits and a front end as one module that loads nothing from elsewhere."""
    view = RunView(small_case, frame, camera, found(pose))
    assert {"message", "index", "count", "inverted", "outlined", "_esm", "_css"} <= set(view.traits(sync=True))
    assert "export{" in view._esm.replace(" ", "") and "import" not in view._esm
    assert "http" not in view._css and ".fluoropose-widget" in view._css
