"""Shutters and collimators of X-ray images: every shape, two at once, in functional groups, and what is no shape."""

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.geometry.field_mask import field_mask_from
from fluoropose.io.xa_field import read_image_field
from support.dicom import enhanced_xa, overlay, xray_bytes

FRAMES = np.zeros((2, 40, 60))
SHUTTER = {
    "ShutterShape": "RECTANGULAR", "ShutterLeftVerticalEdge": 11, "ShutterRightVerticalEdge": 51,
    "ShutterUpperHorizontalEdge": 6, "ShutterLowerHorizontalEdge": 36,
}  # fmt: skip
CIRCLE = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [21, 31], "RadiusOfCircularShutter": 15}
TRIANGLE = {"CollimatorShape": "POLYGONAL", "VerticesOfThePolygonalCollimator": [1, 1, 1, 60, 40, 30]}
BLADES = {
    "CollimatorShape": "RECTANGULAR", "CollimatorLeftVerticalEdge": 21, "CollimatorRightVerticalEdge": 61,
    "CollimatorUpperHorizontalEdge": 1, "CollimatorLowerHorizontalEdge": 31,
}  # fmt: skip


def field_of(tmp_path, data, frame=0):
    (tmp_path / "x.dcm").write_bytes(data)
    return read_image_field(tmp_path / "x.dcm", frame)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        (SHUTTER, {"polygon_px": [[10, 5], [50, 5], [50, 35], [10, 35]]}),
        (BLADES, {"polygon_px": [[20, 0], [60, 0], [60, 30], [20, 30]]}),
        (SHUTTER | BLADES, {"polygon_px": [[20, 5], [50, 5], [50, 30], [20, 30]]}),
        (CIRCLE, {"circle_px": [30, 20, 15]}),
        (
            CIRCLE
            | {"CollimatorShape": "CIRCULAR", "CenterOfCircularCollimator": [21, 31], "RadiusOfCircularCollimator": 9},
            {"circle_px": [30, 20, 9]},
        ),
        (TRIANGLE, {"polygon_px": [[0, 0], [59, 0], [29, 39]]}),
        (
            SHUTTER | TRIANGLE,
            {
                "polygon_px": [[0, 0], [59, 0], [29, 39]],
                "hidden_px": [[-1, -1, 10, 40], [50, -1, 60, 40], [-1, -1, 60, 5], [-1, 35, 60, 40]],
            },
        ),
        (
            SHUTTER | CIRCLE | {"ShutterShape": ["RECTANGULAR", "CIRCULAR"]},
            {"polygon_px": [[10, 5], [50, 5], [50, 35], [10, 35]], "circle_px": [30, 20, 15]},
        ),
    ],
)
def test_every_shape_bounds_the_field(tmp_path, given, expected):
    assert field_of(tmp_path, xray_bytes(FRAMES, **given)) == expected


def test_an_enhanced_image_has_them_in_its_groups(tmp_path):
    data = enhanced_xa(FRAMES, FrameDisplayShutterSequence=CIRCLE, CollimatorShapeSequence=BLADES)
    expected = {"circle_px": [30, 20, 15], "polygon_px": [[20, 0], [60, 0], [60, 30], [20, 30]]}
    assert field_of(tmp_path, data, 1) == expected


def test_a_bitmap_shutter_is_covered_by_boxes(tmp_path):
    plane = overlay(np.pad(np.zeros((20, 30), bool), ((8, 12), (10, 20)), constant_values=True))
    field = field_of(tmp_path, xray_bytes(FRAMES, ShutterShape="BITMAP", ShutterOverlayGroup=0x6002, **plane))
    shown = field_mask_from(**field).shown(40, 60)
    assert shown.sum() == 20 * 30 and shown[8:28, 10:40].all()
    both = field_of(
        tmp_path,
        xray_bytes(
            FRAMES, **SHUTTER | {"ShutterShape": ["RECTANGULAR", "BITMAP"], "ShutterOverlayGroup": 0x6002}, **plane
        ),
    )
    assert both == field | {"polygon_px": [[10, 5], [50, 5], [50, 35], [10, 35]]}


def test_an_overlay_that_is_no_shutter_hides_nothing(tmp_path):
    assert field_of(tmp_path, xray_bytes(FRAMES, **overlay(np.ones((40, 60), bool)))) is None


@pytest.mark.parametrize(
    ("marked", "given", "words"),
    [
        (None, {"ShutterOverlayGroup": 0x6002}, "overlay plane in group 6002"),
        (np.zeros((40, 60), bool), {}, "ShutterOverlayGroup, got none"),
        (np.ones((40, 60), bool), {"ShutterOverlayGroup": 0x6002}, "none left"),
    ],
)
def test_a_bitmap_shutter_without_its_plane_is_refused(tmp_path, marked, given, words):
    plane = {} if marked is None else overlay(marked)
    with pytest.raises(FrameError, match=words):
        field_of(tmp_path, xray_bytes(FRAMES, ShutterShape="BITMAP", **given, **plane))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (SHUTTER | {"ShutterRightVerticalEdge": None}, "ShutterRightVerticalEdge"),
        (CIRCLE | {"CenterOfCircularShutter": [3, 4, 5]}, "CenterOfCircularShutter"),
        (TRIANGLE | {"VerticesOfThePolygonalCollimator": [1, 2, 3, 4, 5]}, "VerticesOfThePolygonalCollimator"),
        (SHUTTER | {"ShutterRightVerticalEdge": 5}, "none left"),
    ],
)
def test_a_shape_without_its_numbers_is_refused_by_name(tmp_path, given, name):
    with pytest.raises(FrameError, match=name):
        field_of(tmp_path, xray_bytes(FRAMES, **{key: value for key, value in given.items() if value is not None}))


def test_a_file_that_is_no_dicom_image_has_no_field(tmp_path):
    assert field_of(tmp_path, b"\x89PNG and more") is None
