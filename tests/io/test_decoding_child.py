"""The process that decodes: requests in, pixels or the error's words out, until its input ends."""

import io
import json

import numpy as np

from fluoropose.io.decoding_child import ANSWER, REQUEST, answer_requests
from fluoropose.io.frames import png_bytes


def ask(*requests):
    """Return the (header, pixels' bytes) of each answer."""
    source = b"".join(REQUEST.pack(len(media), len(body)) + media.encode() + body for media, body in requests)
    target = io.BytesIO()
    answer_requests(io.BytesIO(source), target)
    target.seek(0)
    answers = []
    while lengths := target.read(ANSWER.size):
        text, count = ANSWER.unpack(lengths)
        answers.append((json.loads(target.read(text)), target.read(count)))
    return answers


def test_answers_come_in_order_and_an_error_ends_nothing():
    good = png_bytes(np.full((3, 4), 0.5))
    first, second, third = ask(("image/png", good), ("image/png", good[:40]), ("image/png", good))
    assert first == third
    pixels = np.frombuffer(first[1], first[0]["dtype"]).reshape(first[0]["shape"])
    np.testing.assert_array_equal(pixels, round(65535 * np.exp(-0.5)))
    assert second[0]["error"].startswith("expected a PNG image")
    assert second[1] == b""


def test_a_request_that_is_cut_ends_the_answers():
    assert ask() == []
