"""Selection by label, window and box, and selections that find nothing."""

import numpy as np
import pytest

from fluoropose.errors import ObjectSelectionError
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.selection import Selection, select_object, selection_mask
from fluoropose.imaging.volume import Volume, bounding_corners

PLACED = np.diag([2.0, 2.0, 2.0, 1.0])


def ct():
    values = np.full((12, 12, 12), -1000.0, np.float32)
    values[2:8, 2:8, 2:8] = 40.0
    values[4:8, 4:8, 2:6] = 700.0
    return Volume(values, PLACED)


def labels(value=90):
    values = np.zeros((12, 12, 12), np.float32)
    values[4:8, 4:8, 2:6] = value
    return Volume(values, PLACED)


def test_a_label_cuts_out_the_object_and_leaves_the_rest():
    inside, rest = select_object(ct(), Selection(label=90, label_map=labels()))
    np.testing.assert_allclose(bounding_corners(inside)[0], [7.0, 7.0, 3.0])
    np.testing.assert_allclose(bounding_corners(inside)[-1], [15.0, 15.0, 11.0])
    # 700 HU in muscle of 50 HU: what shows is 0.65 of water; muscle stays where the object was.
    np.testing.assert_allclose(inside.values.max(), 0.65 * WATER_PER_MM, rtol=1e-5)
    np.testing.assert_allclose(rest.values[4:8, 4:8, 2:6], 1.05 * WATER_PER_MM, rtol=1e-5)
    assert rest.values[2, 2, 2] > 0


def test_an_object_in_air_is_taken_whole():
    inside, rest = select_object(ct(), Selection(label=90, label_map=labels(), in_air=True))
    np.testing.assert_allclose(inside.values.max(), 1.7 * WATER_PER_MM, rtol=1e-5)
    assert not rest.values[4:8, 4:8, 2:6].any()


def test_window_and_box_narrow_each_other():
    by_window = selection_mask(ct(), Selection(hu_window=(300.0, 3000.0)))
    assert by_window.sum() == 64
    boxed = selection_mask(ct(), Selection(hu_window=(0.0, 3000.0), box_mm=np.array([[0, 0, 0], [9.0, 30, 30]])))
    # x up to 9 mm is index 0 to 4: planes 2, 3 and 4 of the tissue.
    assert boxed.sum() == 3 * 36


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(label=7, label_map=labels()), "label 7 must be in the label map, got labels 0, 90"),
        (Selection(label=90), "expected a label map"),
        (Selection(label=90, label_map=Volume(np.zeros((3, 3, 3)), PLACED)), "shape"),
        (Selection(label=90, label_map=Volume(labels().values, np.eye(4))), "lies where the CT lies"),
        (Selection(hu_window=(5000.0, 6000.0)), "HU between 5000 and 6000"),
        (Selection(box_mm=np.array([[900.0, 900, 900], [950, 950, 950]])), "inside the box"),
        (Selection(box_mm=np.zeros((3, 2))), "two corners"),
        (Selection(hu_window=(-1100.0, -990.0)), "denser than soft tissue"),
    ],
    ids=["absent", "no map", "shape", "place", "window", "outside", "box shape", "air"],
)
def test_a_selection_that_finds_nothing_says_what(selection, words):
    with pytest.raises(ObjectSelectionError, match=words):
        select_object(ct(), selection)
