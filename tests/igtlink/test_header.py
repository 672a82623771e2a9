"""Headers go there and back, agree with pyigtl's, and broken ones are refused in words."""

import pytest
from pyigtl.messages import MessageBase

from fluoropose.errors import InputError
from fluoropose.igtlink.header import HEADER_BYTES, BrokenHeaderError, Header, pack_header, parse_header
from support.igtl import HEADER

WHOLE = Header(1, "IMAGE", "Frame", 1000.25, 72, 5)


@pytest.mark.parametrize("version", [1, 2])
def test_a_header_goes_there_and_back(version):
    header = Header(version, "TRANSFORM", "VolumeToCamera", 1700000000.123456, 48, 2**63 + 1)
    assert len(pack_header(header)) == HEADER_BYTES
    again = parse_header(pack_header(header))
    assert again.time_s == pytest.approx(header.time_s, abs=1e-6)
    assert (again.version, again.kind, again.device, again.body_bytes, again.crc) == (
        version, "TRANSFORM", "VolumeToCamera", 48, 2**63 + 1,
    )  # fmt: skip


def test_pyigtl_reads_it():
    fields = MessageBase.parse_header(pack_header(WHOLE))
    assert fields["timestamp"] == pytest.approx(1000.25, abs=1e-6)
    assert (fields["message_type"], fields["device_name"], fields["body_size"]) == ("IMAGE", "Frame", 72)


def test_no_time_is_zero_and_comes_back_as_none():
    assert parse_header(pack_header(Header(1, "STATUS", "a", None, 0, 0))).time_s is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ((0, b"IMAGE", b"a", 0, 0, 0, 0), "version 1 or 2, got 0"),
        ((3, b"IMAGE", b"a", 0, 0, 0, 0), "version 1 or 2, got 3"),
        ((18245, b" / HTTP/1.1", b"", 0, 0, 0, 0), "version 1 or 2, got 18245"),
        ((1, b"", b"a", 0, 0, 0, 0), "capital letters"),
        ((1, b"im\xff", b"a", 0, 0, 0, 0), "capital letters"),
        ((1, b"IMAGE", b"a", 0, 0, 2**63, 0), "at most 2147483648 bytes"),
    ],
)
def test_what_cannot_be_a_header_is_refused(fields, words):
    with pytest.raises(BrokenHeaderError, match=words):
        parse_header(HEADER.pack(*fields))


def test_a_name_that_is_no_text_is_read_with_marks():
    assert parse_header(HEADER.pack(1, b"IMAGE", b"\xffa\0rest", 0, 0, 0, 0)).device == "\ufffda"


@pytest.mark.parametrize("header", [Header(1, "IMAGE", "a" * 21, None, 0, 0), Header(1, "A" * 13, "a", None, 0, 0)])
def test_names_that_are_too_long_are_refused(header):
    with pytest.raises(InputError, match="at most 20 bytes"):
        pack_header(header)
