"""Values of planes: rescaled, and padding taken as air."""

import io

import numpy as np
import pydicom
import pytest

from fluoropose.errors import VolumeError
from fluoropose.io.dicom_pixels import PlaneDecoder, padding_mask
from fluoropose.io.dicom_planes import list_planes
from support.dicom import slice_bytes

STORED = np.array([[0, 5, 6, 7], [-2000, -1500, 100, 3000], [1, 2, 3, 4]], np.int16)


def plane(**changes):
    return list_planes("a.dcm", pydicom.dcmread(io.BytesIO(slice_bytes(0, STORED, [0.0, 0.0, 0.0], **changes))))[0]


def test_values_are_rescaled_and_clamped():
    found = PlaneDecoder().hounsfield(plane(PixelPaddingValue=None))
    np.testing.assert_array_equal(found, np.maximum(2.0 * STORED - 1024.0, -1024.0))


@pytest.mark.parametrize(
    ("value", "limit", "padded"),
    [
        (-2000, None, [-2000]),
        (-2000, -1500, [-2000, -1500]),
        (-1500, -2000, [-2000, -1500]),
        (3000, 32767, [3000]),
        (63536, None, [-2000]),
    ],
    ids=["one value", "a range", "a range from above", "metal is padding", "written as unsigned"],
)
@pytest.mark.filterwarnings("ignore:.*value.*:UserWarning")
def test_padding_is_a_value_or_a_range(value, limit, padded):
    one = plane(PixelPaddingValue=-2000)
    one.dataset["PixelPaddingValue"].VR = "US" if value > 32767 else "SS"
    one.dataset.PixelPaddingValue = value
    if limit is not None:
        one.dataset.add_new("PixelPaddingRangeLimit", "SS", limit)
    mask = padding_mask(STORED, one)
    assert sorted(STORED[mask]) == padded
    decoder = PlaneDecoder()
    assert (decoder.hounsfield(one)[mask] == -1000.0).all()
    assert decoder.padded == len(padded)


def test_without_padding_there_is_no_mask():
    assert padding_mask(STORED, plane(PixelPaddingValue=None)) is None


def test_a_table_of_values_replaces_the_rescaling():
    one = plane(PixelPaddingValue=None, PixelRepresentation=0, RescaleSlope=None, RescaleIntercept=None)
    table = pydicom.Dataset()
    table.LUTDescriptor, table.ModalityLUTType, table.LUTData = [4, 0, 16], "HU", [10, 20, 30, 40]
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    one.dataset.ModalityLUTSequence = [table]
    np.testing.assert_array_equal(PlaneDecoder().hounsfield(one)[2], [20, 30, 40, 40])


def test_pixels_that_cannot_be_decoded_name_the_file():
    with pytest.raises(VolumeError, match="decoded in a.dcm .Explicit VR Little Endian., got: .*bytes"):
        PlaneDecoder().hounsfield(plane(PixelData=b"\0\0"))
