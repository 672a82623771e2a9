"""What was understood, in numbers and in words."""

import json

import numpy as np
import pytest

from fluoropose.imaging.masks import Parts
from fluoropose.imaging.understanding import Understanding, understand, volume_text
from fluoropose.imaging.volume import Volume

HIP = Understanding(273.6, (95.2, 180.0, 179.7), 41.2, (3.0, 3.0, 3.0), 3, 0.98, 0, True)


def test_words_say_size_volume_voxel_place_and_parts():
    assert HIP.text() == (
        "274 mm (95 x 180 x 180), 41 cm3, voxel 3 mm, in its body; 3 connected parts, the largest 98 %"
    )


def test_one_part_alone_with_specks_and_long_voxels():
    alone = Understanding(50.0, (30.0, 30.0, 26.0), 2.25, (0.7, 0.7, 2.5), 1, 1.0, 1, False)
    assert alone.text() == (
        "50 mm (30 x 30 x 26), 2.2 cm3, voxel 0.7 x 0.7 x 2.5 mm, with nothing around it; one connected part; "
        "1 speck left out"
    )


def test_a_largest_part_is_not_rounded_to_the_whole():
    many = Understanding(50.0, (30.0, 30.0, 26.0), 12345.0, (1.0, 1.0, 1.0), 2, 0.9981, 1200, False)
    assert many.text().endswith("12,345 cm3, voxel 1 mm, with nothing around it; 2 connected parts, "
                                "the largest over 99 %; 1,200 specks left out")  # fmt: skip


def test_the_record_is_json_and_comes_back():
    assert Understanding.from_record(json.loads(json.dumps(HIP.record()))) == HIP


@pytest.mark.parametrize("change", [{"more": 1}, {"sides_mm": None}], ids=["unknown key", "no list"])
def test_another_record_is_refused(change):
    with pytest.raises(TypeError):
        Understanding.from_record(HIP.record() | change)


def test_a_box_is_measured_to_the_voxels_faces_along_the_patients_axes():
    # The grid's first axis is the patient's z: 4 voxels of 3 mm; 2 of 1 mm along x, 6 of 2 mm along y.
    placed = np.array([[0, 1.0, 0, 5], [0, 0, 2.0, 6], [3.0, 0, 0, 7], [0, 0, 0, 1]])
    values = np.zeros((6, 4, 8), np.float32)
    values[1:5, 1:3, 1:7] = 0.1
    understood = understand(Volume(values, placed), Parts(1, 1.0), 288.0, in_body=True)
    assert understood.sides_mm == (2.0, 12.0, 12.0)
    assert understood.size_mm == pytest.approx(np.sqrt(292.0), abs=0.01)
    assert understood.voxel_mm == (3.0, 1.0, 2.0)
    assert understood.volume_cm3 == pytest.approx(0.288)
    assert understood.in_body


@pytest.mark.parametrize(
    ("cm3", "words"), [(0.027, "0.027 cm3"), (9.44, "9.4 cm3"), (41.2, "41 cm3"), (1203, "1,203 cm3")]
)
def test_volumes_have_two_digits_or_are_whole(cm3, words):
    assert volume_text(cm3) == words
