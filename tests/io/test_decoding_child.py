"""The process that decodes frames: it says what it decoded, and dies of what ends GDCM, with nothing in between."""

import io
import json
import subprocess
import sys

import numpy as np

from fluoropose.io.decoding_protocol import ANSWER, REQUEST
from fluoropose.io.frames import png_bytes
from support.dicom import compressed, ends_gdcm, xray_bytes

PIXELS = np.arange(32 * 24, dtype=np.uint16).reshape(1, 32, 24)


def test_the_process_answers_and_dies_of_what_ends_gdcm():
    sound, ending = compressed(xray_bytes(PIXELS), "JPEG2000Lossless"), ends_gdcm(xray_bytes(PIXELS))
    requests = [(b"image/png", png_bytes(np.full((3, 4), 0.5)))]
    requests += [(b"application/dicom", data) for data in (sound, ending, sound)]
    source = b"".join(REQUEST.pack(len(kind), len(body)) + kind + body for kind, body in requests)
    done = subprocess.run([sys.executable, "-m", "fluoropose.io.decoding_child"], input=source, capture_output=True)
    assert done.returncode != 0
    target, answers = io.BytesIO(done.stdout), []
    while lengths := target.read(ANSWER.size):
        text, count = ANSWER.unpack(lengths)
        answers.append((json.loads(target.read(text)), target.read(count)))
    assert [header["shape"] for header, _ in answers] == [[3, 4], [32, 24]]
    np.testing.assert_array_equal(np.frombuffer(answers[1][1], answers[1][0]["dtype"]).reshape(32, 24), PIXELS[0])
