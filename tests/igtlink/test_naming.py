"""Names of devices: defaults, templates, and what is refused before anything runs."""

import pytest

from fluoropose.errors import InputError
from fluoropose.igtlink.header import MessageError
from fluoropose.igtlink.naming import DeviceNames, Place, default_names, find_place


@pytest.mark.parametrize(
    ("cases", "cameras", "target", "expected"),
    [
        (["plate"], [""], "camera", ("VolumeToCamera", "VolumeStatus")),
        (["plate"], [""], "world", ("VolumeToWorld", "VolumeStatus")),
        (["a", "b"], [""], "camera", ("aToCamera", "aStatus")),
        (["plate"], ["AP", "LAT"], "camera", ("VolumeToAP", "VolumeAPStatus")),
        (["a", "b"], ["AP", "LAT"], "world", ("aToWorldAP", "aAPStatus")),
    ],
)
def test_defaults_are_distinct(cases, cameras, target, expected):
    names = default_names(cases, cameras, target)
    names.require_distinct(cases, cameras)
    assert (names.transform_of(cases[0], cameras[0]), names.status_of(cases[0], cameras[0])) == expected


@pytest.mark.parametrize(
    ("names", "cases", "cameras", "words"),
    [
        (DeviceNames("{case}", "{"), ["a"], [""], "expected a device's name"),
        (DeviceNames("{case}", "{who}"), ["a"], [""], "{case} and {camera} alone"),
        (DeviceNames(), ["a", "b"], [""], "{case} in a device's name"),
        (DeviceNames("{case}", "{case}"), ["a"], ["AP", "LAT"], "{camera} in a device's name"),
        (DeviceNames("{case}ToCamera", "s"), ["a" * 13], [""], "of 21; give one with --transform-device"),
        (DeviceNames("{camera}", "s"), ["a"], [""], "1 to 20 bytes"),
        (DeviceNames("{0}", "s"), ["a"], [""], "{case} and {camera} alone"),
    ],
)
def test_names_that_cannot_be_are_refused(names, cases, cameras, words):
    with pytest.raises(InputError) as error:
        names.require_distinct(cases, cameras)
    assert words in str(error.value)


def test_a_device_is_found_by_its_name_or_as_any():
    named, any_device = {"AP": Place(0, "AP")}, {"": Place(1, None)}
    assert find_place(named, "AP") == Place(0, "AP")
    assert find_place(any_device, "whatever") == Place(1, None)
    with pytest.raises(MessageError, match="a device of: AP; got 'LAT'"):
        find_place(named, "LAT")
