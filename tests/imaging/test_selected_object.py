"""The object of a selection: in a body, alone, a whole volume, with specks, and what is refused."""

import numpy as np
import pytest

from fluoropose.errors import ObjectSelectionError, VolumeError
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.selected_object import select_object, understand_solid
from fluoropose.imaging.selection import Selection
from fluoropose.imaging.volume import Volume, bounding_corners

PLACED = np.diag([2.0, 2.0, 2.0, 1.0])
BONE = (slice(14, 22), slice(14, 22), slice(12, 24))


def body():
    """Return a block of muscle in air with a bone of 700 HU in it."""
    values = np.full((36, 36, 36), -1000.0, np.float32)
    values[3:33, 3:33, 3:33] = 40.0
    values[BONE] = 700.0
    return Volume(values, PLACED)


def alone(outside=0.0, inside=0.2, surface=0.05):
    """Return an implant with a thinner surface, as voxels hold it, with `outside` around it."""
    values = np.full((36, 36, 36), outside, np.float32)
    values[13:23, 13:23, 11:25] = surface
    values[BONE] = inside
    return Volume(values, PLACED)


def labels(value=90):
    values = np.zeros((36, 36, 36), np.float32)
    values[BONE] = value
    return Volume(values, PLACED)


def test_a_label_cuts_out_the_object_and_leaves_the_rest():
    selected = select_object(body(), Selection(label=90, label_map=labels()))
    np.testing.assert_allclose(bounding_corners(selected.volume)[0], [27.0, 27.0, 23.0])
    np.testing.assert_allclose(bounding_corners(selected.volume)[-1], [43.0, 43.0, 47.0])
    # 700 HU in muscle of 50 HU: what shows is 0.65 of water; muscle stays where the object was.
    np.testing.assert_allclose(selected.volume.values.max(), 0.65 * WATER_PER_MM, rtol=1e-5)
    np.testing.assert_allclose(selected.rest.values[BONE], 1.05 * WATER_PER_MM, rtol=1e-5)
    assert selected.rest.values[4, 4, 4] > 0
    assert selected.treatment == ()
    # 8 x 8 x 12 voxels of 8 mm3.
    assert selected.understanding.text() == (
        "33 mm (16 x 16 x 24), 6.1 cm3, voxel 2 mm, in its body; one connected part"
    )


def test_an_object_said_to_be_in_air_is_taken_whole():
    selected = select_object(body(), Selection(label=90, label_map=labels(), in_air=True))
    np.testing.assert_allclose(selected.volume.values.max(), 1.7 * WATER_PER_MM, rtol=1e-5)
    assert not selected.rest.values[BONE].any()
    assert not selected.understanding.in_body


@pytest.mark.parametrize("chosen", [{"hu_window": (0.1, 1.0)}, {"label": 90, "label_map": labels()}])
def test_an_implant_in_a_volume_of_attenuation_is_not_in_a_body(chosen):
    """A window cost 91 % of the successes here: the implant lost the attenuation of the tissue that is not there."""
    selected = select_object(alone(), Selection(**chosen), attenuation=True)
    assert selected.rest is None
    np.testing.assert_allclose(selected.volume.values.max(), 0.2)
    assert not selected.understanding.in_body
    assert selected.treatment == ("alone",)
    assert "with nothing around it" in selected.understanding.text()


def test_a_bone_in_a_volume_of_attenuation_has_its_body():
    attenuation = Volume(np.maximum(WATER_PER_MM * (1 + body().values / 1000), 0), PLACED)
    given = select_object(attenuation, Selection(hu_window=(0.03, 1.0)), attenuation=True)
    read = select_object(body(), Selection(hu_window=(300.0, 3000.0)))
    np.testing.assert_allclose(given.volume.values, read.volume.values, atol=1e-7)
    np.testing.assert_allclose(given.rest.values, read.rest.values, atol=1e-7)
    assert given.understanding == read.understanding


@pytest.mark.parametrize("outside", [-1000.0, -1024.0, 0.0])
def test_a_window_on_a_bone_in_air_or_zeros_leaves_no_rest(outside):
    selected = select_object(alone(outside, 700.0, 100.0), Selection(hu_window=(300.0, 3000.0)))
    assert selected.rest is None
    np.testing.assert_allclose(selected.volume.values.max(), 1.7 * WATER_PER_MM, rtol=1e-5)


def test_specks_of_noise_do_not_widen_the_objects_box():
    values = np.array(body().values)
    values[4, 30, 31] = 2000.0
    selected = select_object(Volume(values, PLACED), Selection(hu_window=(300.0, 3000.0)))
    assert selected.understanding.size_mm == pytest.approx(33.0, abs=0.1)
    assert selected.understanding.specks == 1
    assert selected.treatment == ("cleared",)
    # The speck is not lost: it belongs to the rest.
    np.testing.assert_allclose(selected.rest.values[4, 30, 31], 3.0 * WATER_PER_MM, rtol=1e-5)


def test_a_volume_that_is_one_object_is_taken_whole():
    selected = select_object(alone(), Selection(), attenuation=True)
    assert selected.rest is None
    assert selected.treatment == ()
    np.testing.assert_allclose(np.unique(selected.volume.values), [0.0, 0.05, 0.2], rtol=1e-6)
    assert selected.understanding == understand_solid(selected.volume)


def test_the_noise_of_air_does_not_widen_a_whole_object(rng):
    noisy = alone(-1000.0, 700.0, 700.0)
    noisy = Volume(noisy.values + rng.normal(0.0, 20.0, noisy.values.shape), PLACED)
    selected = select_object(noisy, Selection())
    np.testing.assert_allclose(bounding_corners(selected.volume)[[0, -1]], [[25, 25, 21], [45, 45, 49]])
    assert selected.treatment == ("cleared",)


def test_zeros_around_a_bone_are_not_water():
    selected = select_object(alone(0.0, 700.0, 200.0), Selection())
    np.testing.assert_allclose(bounding_corners(selected.volume)[[0, -1]], [[25, 25, 21], [45, 45, 49]])


def test_a_whole_ct_is_no_object_and_the_refusal_lists_what_there_is():
    with pytest.raises(ObjectSelectionError) as refused:
        select_object(body(), Selection())
    assert str(refused.value) == (
        "expected a label, a window of HU or a box in a whole CT (HU -1000 to 700), got none; it holds bone: HU 250 and "
        "above, 6.1 cm3 in 1 part, the largest 33 mm; if it is one object, say that it is in air"
    )


def test_a_whole_ct_is_taken_whole_where_it_is_said_to_be_in_air():
    assert select_object(body(), Selection(in_air=True)).volume.values.shape == (32, 32, 32)


@pytest.mark.parametrize("window", [None, (300.0, 3000.0)])
def test_a_label_map_without_a_label_lists_all_labels(window):
    many = np.array(labels().values)
    many.ravel()[:120] = np.arange(120)
    with pytest.raises(ObjectSelectionError, match="label 1: 0.008 cm3; label 2.*label 60: .*label 119") as refused:
        select_object(body(), Selection(label_map=Volume(many, PLACED), hu_window=window))
    assert str(refused.value).count("label ") == 121


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(hu_window=(-1100.0, -990.0)), "denser than"),
        (Selection(hu_window=(5000.0, 6000.0)), "HU between 5000 and 6000"),
    ],
    ids=["air", "window"],
)
def test_a_selection_that_finds_nothing_says_what(selection, words):
    with pytest.raises(ObjectSelectionError, match=words):
        select_object(body(), selection)


def test_values_of_the_other_unit_are_refused():
    with pytest.raises(VolumeError, match="expected attenuation in 1/mm, got values -1000 to 700"):
        select_object(body(), Selection(), attenuation=True)
    with pytest.raises(VolumeError, match=r"expected HU, got values 0 to 0\.2, which look like attenuation"):
        select_object(alone(), Selection(hu_window=(0.1, 1.0)))
    with pytest.raises(ObjectSelectionError, match="1/mm between 3 and 4"):
        select_object(alone(), Selection(hu_window=(3.0, 4.0)), attenuation=True)


def test_a_solids_volume_may_be_known_better_than_its_voxels_tell():
    # 10 x 10 x 14 voxels of 8 mm3, half of whose surface is outside.
    assert understand_solid(alone()).volume_cm3 == pytest.approx(11.2)
    assert understand_solid(alone(), 9000.0).volume_cm3 == pytest.approx(9.0)
