"""Messages from a stream of bytes: whole ones, ones that end early or stall, ones that are too large."""

import asyncio

import pytest

from fluoropose.igtlink.header import BrokenHeaderError, MessageError
from fluoropose.igtlink.reading import ReadingLimits, read_message
from support.igtl import packed

GOOD = packed("STRING", "a", b"abc")
LIMITS = ReadingLimits(1000, stall_s=0.05)


def read_all(data, limits=LIMITS, ended=True):
    """Return what each call gives until there is no more: a message's content, or an error."""

    async def use():
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        if ended:
            reader.feed_eof()
        found = []
        while True:
            try:
                message = await read_message(reader, limits)
            except BrokenHeaderError as error:
                return [*found, str(error)]
            except MessageError as error:
                found.append(str(error))
                continue
            if message is None:
                return found
            found.append(message.content)

    return asyncio.run(use())


def test_messages_are_read_one_after_another():
    assert read_all(GOOD + packed("STRING", "a", b"")) == [b"abc", b""]


def test_after_a_wrong_checksum_the_next_message_is_read():
    first, second = read_all(packed("STRING", "a", b"abc", crc=1) + GOOD)
    assert "CRC" in first
    assert second == b"abc"


def test_a_body_that_is_too_large_is_passed_over():
    first, second = read_all(packed("POLYDATA", "a", bytes(3_000_000)) + GOOD)
    assert first == "expected a body of at most 1000 bytes, got POLYDATA of 3000000"
    assert second == b"abc"


@pytest.mark.parametrize(
    ("kept", "words"), [(20, "57 bytes of the header, got 19"), (59, "3 bytes of the body of STRING")]
)
def test_a_message_that_ends_early_is_told(kept, words):
    (found,) = read_all(GOOD[:kept])
    assert words in found
    assert found.endswith("and the connection's end")


@pytest.mark.parametrize("kept", [20, 59])
def test_a_message_that_stalls_is_given_up(kept):
    (found,) = read_all(GOOD[:kept], ended=False)
    assert found.endswith("and then none for 0.05 s")


def test_a_broken_header_ends_the_reading():
    assert "version 1 or 2, got 18245" in read_all(b"GE" + bytes(100))[0]


def test_silence_between_messages_is_no_fault():
    async def use():
        reader = asyncio.StreamReader()
        waiting = asyncio.create_task(read_message(reader, LIMITS))
        await asyncio.sleep(0.15)
        reader.feed_data(GOOD)
        return await waiting

    assert asyncio.run(use()).content == b"abc"
