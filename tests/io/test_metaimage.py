"""MetaImage: placed by its header, in its unit; headers and data that do not fit are refused."""

import zlib

import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.io.metaimage import is_metaimage, read_metaimage
from fluoropose.io.preparation import volume_suffix

VALUES = np.arange(60, dtype="<i2").reshape(3, 4, 5)
HEADER = {
    "ObjectType": "Image", "NDims": "3", "BinaryData": "True", "BinaryDataByteOrderMSB": "False", "CompressedData": "False",
    "TransformMatrix": "0 1 0 0 0 1 1 0 0", "Offset": "10 20 30", "ElementSpacing": "0.5 0.75 2", "DimSize": "3 4 5",
    "ElementType": "MET_SHORT", "ElementDataFile": "LOCAL",
}  # fmt: skip


def written(path, body=VALUES.tobytes(order="F"), **changes):
    fields = {key: value for key, value in (HEADER | changes).items() if value is not None}
    fields["ElementDataFile"] = fields.pop("ElementDataFile")
    path.write_bytes("".join(f"{key} = {value}\n" for key, value in fields.items()).encode() + body)
    return path


def test_the_header_places_the_values(tmp_path):
    reading = read_metaimage(written(tmp_path / "v.mha"))
    np.testing.assert_array_equal(reading.volume.values, VALUES)
    np.testing.assert_allclose(reading.volume.lps_from_index[:3, 0], [0.0, 0.5, 0.0])
    np.testing.assert_allclose(reading.volume.lps_from_index[:3, 2], [2.0, 0.0, 0.0])
    np.testing.assert_allclose(reading.volume.lps_from_index[:3, 3], [10.0, 20.0, 30.0])
    assert reading.findings == ()


@pytest.mark.parametrize(("unit", "mm"), [("mm", 1.0), ("um", 1e-3), ("cm", 10.0)])
def test_its_unit_is_honoured(tmp_path, unit, mm):
    reading = read_metaimage(
        written(tmp_path / "v.mha", DistanceUnits=unit, ElementSpacing=f"{0.5 / mm} {0.75 / mm} {2 / mm}")
    )
    np.testing.assert_allclose(reading.volume.spacing_mm, [0.5, 0.75, 2.0])


def test_swapped_and_compressed_data(tmp_path):
    swapped = VALUES.astype(">i2").tobytes(order="F")
    for name, body, changes in (
        ("swapped.mha", swapped, {"BinaryDataByteOrderMSB": "True"}),
        ("packed.mha", zlib.compress(VALUES.tobytes(order="F")), {"CompressedData": "True"}),
    ):
        np.testing.assert_array_equal(read_metaimage(written(tmp_path / name, body, **changes)).volume.values, VALUES)


def test_a_file_without_directions_is_read_and_said(tmp_path):
    reading = read_metaimage(written(tmp_path / "v.mha", TransformMatrix=None))
    assert [finding.code for finding in reading.findings] == ["no-direction"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"NDims": "4"}, "NDims = 3 in v.mha, got 4"),
        ({"NDims": None}, "NDims in the header of v.mha, got none"),
        ({"ElementSpacing": None}, "ElementSpacing in the header of v.mha, got none"),
        ({"ElementSpacing": "0 1 1"}, "positive ElementSpacing"),
        ({"DimSize": "3 4 6"}, "expected 144 bytes of values in v.mha, got 120"),
        ({"DimSize": "30000 30000 30000"}, "at most 1,073,741,824 voxels"),
        ({"DimSize": "3 4"}, "3 numbers as DimSize"),
        ({"ElementType": "MET_STRING"}, "one number per voxel in v.mha, got 1 of MET_STRING"),
        ({"ElementNumberOfChannels": "3"}, "got 3 of MET_SHORT"),
        ({"DistanceUnits": "inch"}, "DistanceUnits of mm, um, cm or m in v.mha, got inch"),
        ({"CompressedData": "True"}, "a MetaImage in v.mha, got: Error -3"),
        ({"ElementDataFile": "other.raw"}, "ElementDataFile = LOCAL in v.mha, got other.raw"),
        ({"TransformMatrix": "1 0 0 1 0 0 0 0 1"}, "axes must be independent"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, changes, words):
    with pytest.raises(VolumeError, match=words):
        read_metaimage(written(tmp_path / "v.mha", **changes))


def test_data_of_an_mhd_lies_beside_it(tmp_path):
    (tmp_path / "v.raw").write_bytes(VALUES.tobytes(order="F"))
    reading = read_metaimage(written(tmp_path / "v.mhd", b"", ElementDataFile="v.raw"))
    np.testing.assert_array_equal(reading.volume.values, VALUES)
    for target in ("../v.raw", "gone.raw", "LIST", "v%03d.raw"):
        with pytest.raises(VolumeError, match="beside it, got"):
            read_metaimage(written(tmp_path / "v.mhd", b"", ElementDataFile=target))


def test_an_upload_is_known_by_its_first_line(tmp_path):
    data = written(tmp_path / "v.mha").read_bytes()
    assert is_metaimage(data)
    assert volume_suffix(data[:1024]) == ".mha"
    assert not is_metaimage(b"x = 3\n")
