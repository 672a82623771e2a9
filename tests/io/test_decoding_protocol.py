"""Requests in, pixels or the error's words out, until the input ends."""

import io
import json

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.io.decoding_protocol import ANSWER, REQUEST, answer_requests


def decode(body, word):
    if word != "numbers":
        raise {"late": MemoryError, "other": FrameError}[word](f"expected numbers, got {len(body)} bytes")
    return np.frombuffer(body, np.uint8).reshape(2, -1)


def ask(*requests):
    """Return the (header, pixels' bytes) of each answer."""
    source = b"".join(REQUEST.pack(len(word), len(body)) + word.encode() + body for word, body in requests)
    target = io.BytesIO()
    answer_requests(io.BytesIO(source), target, decode)
    target.seek(0)
    answers = []
    while lengths := target.read(ANSWER.size):
        text, count = ANSWER.unpack(lengths)
        answers.append((json.loads(target.read(text)), target.read(count)))
    return answers


def test_answers_come_in_order_and_an_error_ends_nothing():
    first, second, third = ask(("numbers", b"abcdef"), ("other", b"abc"), ("numbers", b"abcdef"))
    assert first == third == ({"shape": [2, 3], "dtype": "|u1"}, b"abcdef")
    assert second == ({"error": "expected numbers, got 3 bytes"}, b"")


@pytest.mark.parametrize("requests", [[], [("late", b"")]], ids=["nothing", "memory"])
def test_a_request_that_is_cut_or_takes_too_much(requests):
    assert ["more" in header["error"] for header, _ in ask(*requests)] == [True] * len(requests)
