"""What looks wrong about a CT, and how sure that is."""

import numpy as np
import pytest

from fluoropose.imaging.volume import Volume
from fluoropose.imaging.volume_findings import find_hu_offset, list_volume_findings
from fluoropose.io.volumes import read_volume


def body(rng, spacing=(1.0, 1.0, 1.5)):
    """A body of soft tissue with a bone in air, with noise."""
    values = np.full((30, 30, 30), -1000.0)
    values[5:25, 5:25, 2:28] = 40.0
    values[12:18, 12:18, 2:28] = 900.0
    return Volume((values + rng.normal(0, 20, values.shape)).astype(np.float32), np.diag([*spacing, 1.0]))


def codes(volume):
    return {finding.code: finding for finding in list_volume_findings(volume)}


def test_a_sound_ct_has_no_finding(rng):
    assert list_volume_findings(body(rng)) == []


def test_hu_plus_1024_is_noticed(rng):
    ct = body(rng)
    found = find_hu_offset(Volume(np.maximum(ct.values + 1024, 0), ct.lps_from_index))
    assert (found.severity, found.certainty) == ("error", 0.95)
    assert find_hu_offset(ct) is None


def test_a_bone_cut_out_of_its_ct_has_no_offset(rng):
    values = np.zeros((20, 20, 20), np.float32)
    values[4:16, 4:16, 4:16] = rng.uniform(200.0, 1800.0, (12, 12, 12))
    assert find_hu_offset(Volume(values, np.eye(4))) is None
    assert codes(Volume(values, np.eye(4)))["background-zero"].severity == "warning"


@pytest.mark.parametrize(
    ("spacing", "code"),
    [((0.5, 0.5, 5.0), "anisotropic"), ((4.0, 4.0, 4.0), "coarse"), ((-1.0, 1.0, 1.0), "left-handed")],
)
def test_grids_are_judged(rng, spacing, code):
    assert set(codes(body(rng, spacing))) == {code}


def test_clipped_metal_is_noticed(rng):
    ct = body(rng)
    values = ct.values.copy()
    values[13:17, 13:17, 10:20] = 3071.0
    assert "160 voxels have the largest value, 3071" in codes(Volume(values, ct.lps_from_index))["clipped-metal"].text


def test_values_that_are_no_hu_are_named(rng):
    assert set(codes(Volume(rng.uniform(0, 0.1, (9, 9, 9)), np.eye(4)))) == {"not-hu"}
    assert set(codes(Volume(rng.integers(0, 105, (30, 30, 30)), np.eye(4)))) == {"label-map"}
    assert set(codes(Volume(rng.uniform(-60, 1500, (30, 30, 30)), np.eye(4)))) == {"no-air"}


@pytest.mark.data
def test_the_head_is_hu_plus_1024_and_the_others_are_not(data):
    assert find_hu_offset(read_volume(data / "head_lowres" / "headsq_quarter_raw.nii.gz")).severity == "error"
    assert find_hu_offset(read_volume(data / "torso" / "example_ct.nii.gz")) is None
