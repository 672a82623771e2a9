"""Which objects are measured, and their scenes."""

import pytest

from fluoropose.evaluation.universal.objects import measured_objects


def test_without_data_the_shipped_ones_and_ten_others_are_measured():
    names = [item.name for item in measured_objects(None)]
    assert {"knee", "plate", "probe"} < set(names)
    assert len(names) == len(set(names)) == 13


def test_an_object_stands_before_anatomy_at_finer_voxels():
    cage = next(item for item in measured_objects(None) if item.name == "cage")
    case = cage.prepare()
    scene, motion, _ = cage.scene(case, 1)
    assert scene.anatomy is not None
    assert scene.volume.spacing_mm[0] == pytest.approx(0.6 * case.volume.spacing_mm[0])
    assert motion.mean[2] == pytest.approx(890.0)
    again, _, _ = cage.scene(case, 1)
    assert again.detector == scene.detector


@pytest.mark.data
def test_real_data_adds_implants_and_bones(data):
    kinds = {item.name: item.kind for item in measured_objects(data)}
    assert len(kinds) == 20
    assert kinds["femoral component"] == "real implant"
    assert kinds["left hip"] == "real bone in its body"


@pytest.mark.data
def test_a_bone_in_its_body_has_the_rest_of_its_ct_around_it(data):
    hip = next(item for item in measured_objects(data) if item.name == "left hip")
    case = hip.prepare()
    assert case.rest is not None
    assert case.size_mm == pytest.approx(274.0, abs=3.0)
    assert hip.scene(case, 1)[0].rest is not None
