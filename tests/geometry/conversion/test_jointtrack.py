"""JointTrack's calibration: by hand, and the real file where it is."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.conversion.jointtrack import read_jointtrack, write_jointtrack

SIZE = {"rows": 1000, "columns": 1024}


def test_by_hand():
    found = read_jointtrack(SIZE | {"text": "JT_INTCALIB\n1198\n3.73\n-7.46\n0.373\n"})
    np.testing.assert_allclose(np.diag(found.camera.intrinsic_matrix)[:2], 1198 / 0.373)
    np.testing.assert_allclose(found.camera.intrinsic_matrix[:2, 2], [511.5 + 10.0, 499.5 + 20.0])
    assert found.source_to_detector_mm == 1198.0 and found.camera_from_world is None
    assert read_jointtrack(write_jointtrack(found, {}).fields).camera.intrinsic_matrix[0, 2] == pytest.approx(521.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("JTA_INTCALIB_BIPLANE\n1\n", "begins with JT_INTCALIB or JTA_INTCALIB"),
        ("   ", "begins with"),
        ("JT_INTCALIB\n1198\n0\n0\n", "expected 4 numbers"),
        ("JT_INTCALIB\n1198\n0\n0\nwide\n", "expected 4 numbers"),
        ("JT_INTCALIB\n1e999\n0\n0\n1\n", "4 numbers after JT_INTCALIB as finite numbers, got 1e999"),
        ("JT_INTCALIB\n1198\n0\n0\n0\n", "pixel size above 0"),
    ],
)
def test_files_that_are_none(text, words):
    with pytest.raises(GeometryError, match=words):
        read_jointtrack(SIZE | {"text": text})


@pytest.mark.data
def test_the_real_file(data):
    text = (data / "knee_implant_single" / "left" / "original_calibration.txt").read_text()
    found = read_jointtrack({"text": text, "rows": 1024, "columns": 1024})
    assert found.camera.intrinsic_matrix[0, 0] == pytest.approx(1198 / 0.373)
