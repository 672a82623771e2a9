"""Overlays over HTTP: each kind as a PNG of the frame's size, in both kinds of bodies, and what is refused."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from fluoropose.io.frames import npy_bytes
from fluoropose.transports.http.schemas import camera_json
from support.dicom import ends_gdcm, xray_bytes
from support.wire import require_problem


@pytest.fixture
def asked(camera, pose):
    return {"case": "small", "camera": camera_json(camera), "camera_from_volume": pose.tolist()}


def picture_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def coded(frame):
    return base64.b64encode(npy_bytes(frame)).decode()


@pytest.mark.parametrize("kind", ["outline", "shaded", "checkerboard", "difference"])
def test_each_kind_is_a_picture_of_the_frames_size_and_no_two_are_alike(client, asked, frame, kind):
    picture = picture_of(client.post("/v1/overlay", json=asked | {"kind": kind, "frame": coded(frame)}))
    assert picture.shape == (96, 128, 3)
    other = picture_of(client.post("/v1/overlay", json=asked | {"frame": coded(frame)}))
    assert (kind == "outline") == bool((picture == other).all())


def test_a_form_gives_the_same_and_pose_is_another_name(client, asked, frame):
    as_json = client.post("/v1/overlay", json=asked | {"frame": coded(frame)})
    named = {"pose": asked.pop("camera_from_volume")}
    as_form = client.post("/v1/overlay", data={"request": json.dumps(asked | named)}, files={"frame": npy_bytes(frame)})
    assert as_json.content == as_form.content


@pytest.mark.parametrize(
    ("change", "status", "code", "words"),
    [
        ({"case": "nobody"}, 404, "unknown-case", "nobody"),
        ({"kind": "sketch"}, 422, "invalid-request", "kind"),
        ({"frame": None}, 422, "invalid-frame", "got none"),
        ({"frame": "!"}, 422, "invalid-frame", "base64"),
        ({"frame": coded(np.zeros((9, 9), np.uint8))}, 422, "invalid-frame", "expected 96 x 128"),
        ({"camera_from_volume": None}, 422, "invalid-request", "got neither"),
        ({"pose": np.eye(4).tolist()}, 422, "invalid-request", "got both"),
        ({"camera_from_volume": np.diag([2.0, 1, 1, 1]).tolist()}, 422, "invalid-geometry", "must be rigid"),
    ],
)
def test_what_cannot_be_drawn_is_refused(client, asked, frame, change, status, code, words):
    require_problem(client.post("/v1/overlay", json=asked | {"frame": coded(frame)} | change), status, code, words)


def test_a_frame_that_ends_gdcm_is_refused_and_the_service_goes_on(client, asked, frame):
    packed = base64.b64encode(ends_gdcm(xray_bytes(frame[None]))).decode()
    answer = client.post("/v1/overlay", json=asked | {"frame": packed})
    require_problem(answer, 422, "invalid-frame", "ends its decoder")
    assert client.post("/v1/overlay", json=asked | {"frame": coded(frame)}).status_code == 200


def test_a_form_without_a_frame_is_refused(client, asked):
    answer = client.post("/v1/overlay", data={"request": json.dumps(asked)}, files={"picture": b""})
    require_problem(answer, 422, "invalid-request", "the file `frame`")
