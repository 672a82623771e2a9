"""Frames that take work are decoded beside the workers: no other session waits, and slow ones go last."""

import asyncio
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.io.decoding_process import DecodingProcess
from fluoropose.io.frames import png_bytes
from fluoropose.serving.frame_decoder import FrameDecoder, compressed_frames
from fluoropose.serving.messages import CompressedFrame, EncodedFrame
from support.dicom import xray_bytes

PNG = png_bytes(np.zeros((2, 3)))


class Session:
    """A session to the decoder: something that can be told from others."""


def job(*bodies):
    payloads = [EncodedFrame(body).payload() for body in bodies]
    return SimpleNamespace(camera_frames=[SimpleNamespace(frame=SimpleNamespace(payload=one)) for one in payloads])


@pytest.fixture
def decoder():
    decoder = FrameDecoder(threads=1)
    yield decoder
    decoder.close()


def test_only_compressed_frames_are_decoded_aside():
    raw = EncodedFrame(b"\0" * 8, "application/octet-stream", "uint16")
    assert raw.payload() is raw
    assert isinstance(EncodedFrame(PNG).payload(), CompressedFrame)
    assert len(compressed_frames(job(PNG, b"\0" * 8))) == 1


def test_pixels_or_the_error_are_there_when_done_is_called(decoder):
    told = threading.Event()
    work = job(PNG, b"\x89PNG none")
    decoder.submit(Session(), compressed_frames(work), told.set)
    assert told.wait(20)
    good, bad = (one.frame.payload for one in work.camera_frames)
    assert good.pixels(None).shape == (2, 3)
    assert good.decode_ns > 0
    with pytest.raises(FrameError):
        bad.pixels(None)
    assert compressed_frames(work) == []


def test_a_session_of_slow_frames_waits_for_one_of_quick_ones(decoder, monkeypatch):
    order, slow, quick = [], Session(), Session()
    gate = threading.Event()

    def decode(self, body, media_type):
        assert gate.wait(20)
        time.sleep(0.05 if body == b"\x89PNG slow" else 0.0)
        return np.zeros((2, 3))

    monkeypatch.setattr(DecodingProcess, "decode", decode)
    done = threading.Event()
    gate.set()
    decoder.submit(slow, compressed_frames(job(b"\x89PNG slow")), done.set)
    assert done.wait(20)
    gate.clear()
    decoder.submit(quick, compressed_frames(job(PNG)), lambda: order.append("first"))
    last = threading.Event()
    decoder.submit(slow, compressed_frames(job(b"\x89PNG slow")), lambda: (order.append("slow"), last.set()))
    decoder.submit(quick, compressed_frames(job(PNG)), lambda: order.append("quick"))
    gate.set()
    assert last.wait(20)
    assert order == ["first", "quick", "slow"]


def test_a_raw_frame_is_answered_while_anothers_is_decoded(stage, frame, monkeypatch):
    gate = threading.Event()

    def decode(self, body, media_type):
        assert gate.wait(20)
        raise FrameError("expected pixels, got none")

    monkeypatch.setattr(DecodingProcess, "decode", decode)

    async def run():
        held = [
            asyncio.ensure_future(stage.broker.answer(stage.session(), EncodedFrame(PNG), "http")) for _ in range(3)
        ]
        await asyncio.sleep(0.05)
        answer = await stage.broker.answer(stage.session(), stage.frame(), "http")
        assert not any(one.done() for one in held)
        gate.set()
        return answer, await asyncio.gather(*held, return_exceptions=True)

    answer, refused = stage.run(run())
    assert answer.seq == 0
    assert all(isinstance(one, FrameError) for one in refused)


def test_a_dicom_frame_is_tracked_and_its_decoding_is_timed(stage, frame):
    body = xray_bytes(np.asarray(frame)[None])
    found = stage.run(stage.broker.answer(stage.session(), EncodedFrame(body), "http"))
    assert found.timing_ms["decode"] > 0
    assert found.timing_ms["queue"] >= 0


def test_a_frame_of_no_session_is_decoded_aside_too(stage):
    good = stage.run(stage.broker.decode_aside(EncodedFrame(PNG)))
    assert good.pixels(None).shape == (2, 3)
    raw = EncodedFrame(b"\0" * 12, "application/octet-stream", "uint16")
    assert stage.run(stage.broker.decode_aside(raw)) is raw
    with pytest.raises(FrameError):
        stage.run(stage.broker.decode_aside(EncodedFrame(b"\x89PNG none"))).pixels(None)
