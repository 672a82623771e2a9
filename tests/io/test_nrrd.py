"""NRRD: its world frames, and files without a placement."""

import nrrd
import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.io.nrrd import read_nrrd


@pytest.mark.parametrize(
    ("space", "signs"), [("left-posterior-superior", (1, 1, 1)), ("right-anterior-superior", (-1, -1, 1))]
)
def test_nrrd_in_both_frames(tmp_path, volume, space, signs):
    turned = np.diag(signs) @ volume.lps_from_index[:3]
    header = {"space": space, "space directions": turned[:, :3].T, "space origin": turned[:, 3]}
    nrrd.write(str(tmp_path / "v.nrrd"), volume.values, header)
    found = read_nrrd(tmp_path / "v.nrrd").volume
    np.testing.assert_allclose(found.lps_from_index, volume.lps_from_index, atol=1e-9)
    np.testing.assert_allclose(found.values, volume.values)


def test_left_anterior_superior_changes_the_sign_of_y(tmp_path, volume):
    turned = np.diag([1, -1, 1]) @ volume.lps_from_index[:3]
    header = {"space": "LAS", "space directions": turned[:, :3].T, "space origin": turned[:, 3]}
    nrrd.write(str(tmp_path / "v.nrrd"), volume.values, header)
    np.testing.assert_allclose(read_nrrd(tmp_path / "v.nrrd").volume.lps_from_index, volume.lps_from_index, atol=1e-9)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({}, "got none"),
        ({"space": "scanner-xyz", "space directions": np.eye(3), "space origin": np.zeros(3)}, "got scanner-xyz"),
    ],
)
def test_a_file_without_a_known_placement_is_refused(tmp_path, volume, header, words):
    nrrd.write(str(tmp_path / "v.nrrd"), volume.values, header)
    with pytest.raises(VolumeError, match=f"LPS, RAS or LAS with directions in v.nrrd, {words}"):
        read_nrrd(tmp_path / "v.nrrd")


def written(path, values, **header):
    nrrd.write(
        str(path),
        values,
        {"space": "LPS", "space directions": np.diag([2.0, 2.0, 3.0]), "space origin": [1.0, 2.0, 3.0], **header},
    )
    return path


@pytest.mark.parametrize(("unit", "mm"), [("mm", 1.0), ("m", 1000.0), ("um", 0.001), ("microns", 0.001), ("cm", 10.0)])
def test_space_units_are_honoured(tmp_path, volume, unit, mm):
    header = {
        "space units": [unit] * 3,
        "space directions": np.diag([2.0, 2.0, 3.0]) / mm,
        "space origin": np.array([1.0, 2.0, 3.0]) / mm,
    }
    reading = read_nrrd(written(tmp_path / "v.nrrd", volume.values, **header))
    np.testing.assert_allclose(reading.volume.spacing_mm, [2.0, 2.0, 3.0])
    np.testing.assert_allclose(reading.volume.lps_from_index[:3, 3], [1.0, 2.0, 3.0])
    assert [finding.code for finding in reading.findings] == ([] if unit == "mm" else ["unit"])


@pytest.mark.parametrize("letter", ["\u00b5".encode(), "\u03bc".encode(), b"\xb5"])
def test_the_letter_of_micro_is_read(tmp_path, volume, letter):
    header = {"space units": ["um"] * 3, "space directions": np.diag([2e3, 2e3, 3e3]), "space origin": np.zeros(3)}
    path = written(tmp_path / "v.nrrd", volume.values, **header)
    path.write_bytes(path.read_bytes().replace(b'"um"', b'"' + letter + b'm"'))
    np.testing.assert_allclose(read_nrrd(path).volume.spacing_mm, [2.0, 2.0, 3.0])


def test_an_unknown_unit_is_refused(tmp_path, volume):
    with pytest.raises(VolumeError, match=r"space units of mm, cm, m or um in v\.nrrd, got furlong"):
        read_nrrd(written(tmp_path / "v.nrrd", volume.values, **{"space units": ["furlong"] * 3}))


def layered(path, layers):
    """A segmentation as 3D Slicer writes several layers: a list axis first, whose direction is none."""
    values = np.zeros((layers, 4, 5, 6), np.uint8)
    values[:, 1:3, 1:4, 1:5] = 1
    directions = np.vstack([[np.nan] * 3, np.diag([2.0, 2.0, 3.0])])
    header = {"kinds": ["list", "domain", "domain", "domain"], "space directions": directions, "Segment0_Name": "femur"}
    return written(path, values, **header)


def test_a_segmentation_of_one_layer_is_a_volume(tmp_path):
    reading = read_nrrd(layered(tmp_path / "v.seg.nrrd", 1))
    assert reading.volume.values.shape == (4, 5, 6)
    assert reading.volume.values[1, 1, 1] == 1
    np.testing.assert_allclose(reading.volume.spacing_mm, [2.0, 2.0, 3.0])
    assert reading.facts["segments"] == ["femur"]


def test_several_layers_are_refused_in_words(tmp_path):
    with pytest.raises(
        VolumeError, match=r"expected 3 axes in v\.seg\.nrrd, got 4 axes of 2 x 4 x 5 x 6: .* one layer"
    ):
        read_nrrd(layered(tmp_path / "v.seg.nrrd", 2))


def test_a_header_names_no_file_elsewhere(tmp_path, volume):
    (tmp_path / "secret").write_bytes(bytes(1000))
    lines = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 5 6\nencoding: raw\nspace: LPS\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n"
    for name, target, words in (
        ("v.nrrd", "secret", "got a header that names secret"),
        ("v.nhdr", "../secret", "got ../secret, which is not there"),
        ("v.nhdr", "gone.raw", "got gone.raw, which is not there"),
    ):
        (tmp_path / name).write_text(lines + f"data file: {target}\n\n")
        with pytest.raises(VolumeError, match=words):
            read_nrrd(tmp_path / name)


def test_data_beside_its_header_is_read(tmp_path, volume):
    written(tmp_path / "v.nhdr", volume.values)
    np.testing.assert_array_equal(read_nrrd(tmp_path / "v.nhdr").volume.values, volume.values)
