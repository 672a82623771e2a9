"""Messages of both header versions, with metadata; broken ones name what does not fit."""

import struct

import pytest
from pyigtl.messages import CRC64, MessageBase, StringMessage

from fluoropose.igtlink.header import HEADER_BYTES, MessageError, parse_header
from fluoropose.igtlink.messages import Message, pack_message, unpack_message
from support.igtl import packed

TOLD = {"status": "TRACKING", "reason_text": "größer"}


def split(data):
    return parse_header(data[:HEADER_BYTES]), data[HEADER_BYTES:]


@pytest.mark.parametrize("version", [1, 2])
def test_a_message_goes_there_and_back(version):
    sent = Message("STRING", "Note", b"content", 12.5, TOLD, version, 7)
    got = unpack_message(*split(pack_message(sent)))
    assert (got.kind, got.device, got.content, got.time_s, got.version) == ("STRING", "Note", b"content", 12.5, version)
    assert (got.metadata, got.number) == ((TOLD, 7) if version == 2 else ({}, 0))


def test_pyigtl_reads_ours_with_metadata():
    content = struct.pack(">HH", 3, 2) + b"ab"
    data = pack_message(Message("STRING", "Note", content, 12.5, TOLD, 2, 7))
    message = StringMessage()
    message.unpack(MessageBase.parse_header(data[:HEADER_BYTES]), data[HEADER_BYTES:])
    assert (message.string, message.metadata, message.message_id) == ("ab", TOLD, 7)


@pytest.mark.parametrize("version", [1, 2])
def test_ours_reads_pyigtls(version):
    message = StringMessage("ab", device_name="Note", timestamp=3.5)
    message.header_version, message.message_id = version, 9
    message.metadata = {"key": "value"} if version == 2 else {}
    got = unpack_message(*split(message.pack()))
    assert got.content == struct.pack(">HH", 3, 2) + b"ab"
    assert (got.metadata, got.number) == (({"key": "value"}, 9) if version == 2 else ({}, 0))


def test_another_checksum_is_refused_unless_it_is_not_asked_for():
    header, body = split(packed("STRING", "a", b"abc", crc=1))
    with pytest.raises(MessageError, match="CRC 0x0000000000000001, got 0x") as error:
        unpack_message(header, body)
    assert error.value.status == 9
    assert unpack_message(header, body, check_crc=False).content == b"abc"


def extended(own=12, index=0, texts=0, rest=b""):
    return struct.pack(">HHII", own, index, texts, 0) + rest


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"123", "extended header of 12 bytes, got a body of 3"),
        (extended(own=11), "extended header of 11 bytes"),
        (extended(own=13), "got a body of 12"),
        (extended(index=10), "metadata of 10"),
        (extended(texts=2**32 - 1), "got a body of 12"),
        (extended(index=1, rest=b"\0"), "index of -1"),
        (extended(index=2, rest=b"\0\1"), "index of 1 metadata, got 2 bytes"),
        (extended(index=10, rest=struct.pack(">HHHI", 1, 5, 3, 9)), "expected 12 bytes of metadata|expected 14 bytes"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(body, words):
    header, body = split(packed("STRING", "a", body, version=2, crc=CRC64(body)))
    with pytest.raises(MessageError, match=words):
        unpack_message(header, body)


def test_a_body_of_another_length_is_refused():
    header, body = split(packed("STRING", "a", b"abc", size=4))
    with pytest.raises(MessageError, match="body of 4 bytes, got 3"):
        unpack_message(header, body)
