"""Frames of a WebSocket are counted before they are parsed, however their bytes are cut."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.transports.ws_meter import MeterLimits, PolicyError, WebSocketMeter


def frame(payload=b"", opcode=2, fin=True):
    length = len(payload)
    head = bytes([opcode | (0x80 if fin else 0)])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 65536:
        head += bytes([0x80 | 126]) + struct.pack(">H", length)
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", length)
    return head + b"\x55" * 4 + payload


@given(st.lists(st.sampled_from([0, 1, 125, 126, 70_000]), max_size=5), st.integers(1, 70_100))
def test_messages_leave_nothing_behind_however_they_are_cut(lengths, cut):
    meter = WebSocketMeter()
    data = b"".join(frame(b"x" * length) for length in lengths)
    for at in range(0, len(data), cut):
        meter.feed(data[at : at + cut], 1.0)
    assert (meter.message_bytes, meter.began_s) == (0, 0.0)


def test_what_has_come_of_a_message_is_told():
    meter = WebSocketMeter()
    meter.feed(frame(b"x" * 1000, fin=False) + frame(b"ping", opcode=9) + frame(b"y" * 300, 0)[:108], 5.0)
    assert (meter.message_bytes, meter.began_s) == (1100, 5.0)
    meter.feed(frame(b"y" * 300, 0)[108:], 6.0)
    assert (meter.message_bytes, meter.began_s) == (0, 0.0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (frame(b"x", fin=False) + frame(b"", 0, fin=False) * 20, "empty fragments"),
        (frame(b"", fin=False) * 20, "empty fragments"),
        (frame(b"x", fin=False) + frame(b"y", 0, fin=False) * 5000, "fragments of a message"),
        (frame(b"", 9) * 40, "pings per second"),
        (frame(b"", 10) * 40, "pings per second"),
        (frame(b"{}", 1) * 2000, "messages per second"),
    ],
)
def test_a_flood_is_refused(data, words):
    with pytest.raises(PolicyError, match=words):
        WebSocketMeter().feed(data, 1.0)


def test_a_patient_client_may_go_on_for_ever():
    meter = WebSocketMeter(MeterLimits(controls=2, controls_per_s=1.0, messages=2, messages_per_s=1.0))
    for second in range(100):
        meter.feed(frame(b"", 9) + frame(b"frame"), float(second))
    with pytest.raises(PolicyError):
        meter.feed(frame(b"", 9) * 3, 100.0)
