"""Selection by label, window and box, and selections that find nothing."""

import numpy as np
import pytest

from fluoropose.errors import ObjectSelectionError
from fluoropose.imaging.selection import Selection, selection_mask
from fluoropose.imaging.volume import Volume

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


def test_a_label_selects_its_voxels():
    np.testing.assert_array_equal(selection_mask(ct(), Selection(label=90, label_map=labels())), labels().values > 0)


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
        (Selection(label=90, label_map=Volume(np.zeros((3, 3, 3)), PLACED)), "label 90 must be in the label map"),
        (Selection(label=90, label_map=Volume(labels().values, 9 * PLACED)), "lies where the CT lies"),
        (Selection(hu_window=(5000.0, 6000.0)), "HU between 5000 and 6000"),
        (Selection(box_mm=np.array([[900.0, 900, 900], [950, 950, 950]])), "inside the box"),
        (Selection(box_mm=np.zeros((3, 2))), "two corners"),
    ],
    ids=["absent", "no map", "shape", "place", "window", "outside", "box shape"],
)
def test_a_selection_that_finds_nothing_says_what(selection, words):
    with pytest.raises(ObjectSelectionError, match=words):
        selection_mask(ct(), selection)


def test_a_refusal_lists_every_label_however_many():
    many = np.array(labels().values)
    many.ravel()[:300] = np.arange(300)
    with pytest.raises(ObjectSelectionError, match="got labels 0, 1, 2, .*, 298, 299$"):
        selection_mask(ct(), Selection(label=700, label_map=Volume(many, PLACED)))


def test_a_window_of_another_unit_is_named_by_it():
    with pytest.raises(ObjectSelectionError, match="expected 1/mm between 5 and 6"):
        selection_mask(ct(), Selection(hu_window=(5.0, 6.0)), unit="1/mm")


def test_nothing_is_chosen_by_a_map_or_air_alone():
    assert Selection(label_map=labels(), in_air=True).chooses_nothing
    assert not Selection(box_mm=np.zeros((2, 3))).chooses_nothing
