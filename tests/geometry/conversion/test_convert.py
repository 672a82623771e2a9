"""Every kind there and back, to a millionth of a millimetre, pixel and degree; and what is no geometry."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluoropose.errors import GeometryError
from fluoropose.geometry.conversion.convert import (
    GEOMETRY_KINDS,
    convert_geometry,
    read_geometry,
    write_geometry,
)
from support.geometries import geometries, require_same, some_geometry

QUICK = settings(max_examples=60, deadline=None)
HOW = {
    "v_axis": st.sampled_from(["down", "up"]),
    "pixel_origin": st.sampled_from(["center", "corner"]),
    "source_to_detector_mm": st.just(None),
}


def there_and_back(geometry, kind, **options):
    """Write a geometry, send it through JSON, add the distance that a matrix does not hold, read it."""
    written = write_geometry(geometry, kind, options)
    fields = json.loads(json.dumps(written.fields))
    assert fields["kind"] == kind
    return read_geometry({"source_to_detector_mm": geometry.source_to_detector_mm} | fields), written.losses


@QUICK
@given(geometries(skewed=True), st.fixed_dictionaries(HOW), st.sampled_from(["+z", "-z"]))
def test_an_intrinsic_matrix_in_every_convention(geometry, how, looks_along):
    found, losses = there_and_back(geometry, "intrinsic", looks_along=looks_along, **how)
    require_same(found, geometry)
    assert losses == ()


@QUICK
@given(
    geometries(skewed=True), st.fixed_dictionaries(HOW), st.floats(-3.0, 3.0).filter(lambda scale: abs(scale) > 0.01)
)
def test_a_projection_matrix_of_any_scale_and_sign(geometry, how, scale):
    written = write_geometry(geometry, "projection_matrix", how).fields
    written["projection_matrix"] = (scale * np.array(written["projection_matrix"])).tolist()
    require_same(read_geometry(written | {"source_to_detector_mm": geometry.source_to_detector_mm}), geometry)


@QUICK
@given(geometries(), st.sampled_from(["distances", "c_arm", "mayacam2", "diffdrr", "xvr"]))
def test_kinds_that_hold_all_but_a_skew(geometry, kind):
    found, losses = there_and_back(geometry, kind)
    require_same(found, geometry)
    assert losses == ()


@QUICK
@given(geometries(square=True))
def test_mayacam_1_holds_square_pixels(geometry):
    found, losses = there_and_back(geometry, "mayacam1")
    require_same(found, geometry)
    assert losses == ()


@QUICK
@given(geometries(square=True, placed=False))
def test_jointtrack_holds_square_pixels_and_no_place(geometry):
    found, losses = there_and_back(geometry, "jointtrack")
    require_same(found, geometry)
    assert losses == ()


@QUICK
@given(geometries(), st.sampled_from(["AP", None]), st.tuples(*[st.floats(-200, 200)] * 3))
def test_diffdrr_about_any_middle_and_in_its_orientations(geometry, orientation, middle):
    found, _ = there_and_back(geometry, "diffdrr", orientation=orientation, isocenter_mm=list(middle))
    require_same(found, geometry)


def test_an_xa_image_holds_what_a_machine_shows():
    angles = {"PositionerPrimaryAngle": 30.0, "PositionerSecondaryAngle": -20.0, "DistanceSourceToPatient": 750.0}
    fields = {"kind": "dicom_xa", "Rows": 512, "Columns": 1024, "DistanceSourceToDetector": 1180.0} | angles
    fields["ImagerPixelSpacing"] = [0.4, 0.3]
    geometry = read_geometry(fields)
    found, losses = there_and_back(geometry, "dicom_xa")
    require_same(found, geometry)
    assert losses == () and found.is_first_guess
    assert found.notes and "first guess" in found.notes[0]


def test_what_a_kind_cannot_hold_is_said():
    skewed = some_geometry(skew=2.0, ratio=1.01)
    said = {kind: " ".join(write_geometry(skewed, kind, {}).losses) for kind in GEOMETRY_KINDS}
    assert not any(said[kind] for kind in ("intrinsic", "projection_matrix", "mayacam2"))
    for kind in ("distances", "c_arm", "diffdrr", "xvr", "mayacam1", "jointtrack", "dicom_xa"):
        assert "skew of 2 px" in said[kind]
    for kind in ("mayacam1", "jointtrack"):
        assert "two focal lengths, -45.00 px apart" in said[kind]
    assert "up to 2.5 px" in said["mayacam1"]
    assert "principal point" in said["dicom_xa"] and "roll" in said["dicom_xa"] and "isocentre" in said["dicom_xa"]
    assert "place in the world" in said["jointtrack"]


def test_a_conversion_says_what_was_read_and_written():
    source = write_geometry(some_geometry(), "mayacam2", {}).fields
    done = convert_geometry(source, {"kind": "c_arm", "source_to_detector_mm": 1200.0})
    assert done.fields["kind"] == "c_arm" and done.losses == ()
    require_same(read_geometry(done.fields), some_geometry())
    assert convert_geometry(source, "intrinsic").fields["rows"] == 1000


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (None, "intrinsic", "an object with a kind"),
        ({"kind": "photo"}, "intrinsic", "expected a kind of intrinsic, projection_matrix"),
        ({"kind": ["intrinsic"]}, "intrinsic", "expected a kind of"),
        ({"kind": "intrinsic", "rows": 9, "columns": 9, "intrinsic_matrix": np.eye(3).tolist()}, "photo", "kind of"),
        (
            {"kind": "intrinsic", "rows": 9, "columns": 9, "intrinsic_matrix": np.eye(3).tolist()},
            "distances",
            "lengths",
        ),
        ({"kind": "intrinsic", "rows": 9, "columns": 9, "intrinsic_matrix": np.eye(3).tolist()}, "mayacam2", "world"),
        (
            {"kind": "intrinsic", "rows": 9, "columns": 9, "intrinsic_matrix": np.eye(3).tolist()}
            | {"source_to_detector_mm": -1.0},
            "distances",
            "above 0, got -1",
        ),
    ],
)
def test_what_is_no_geometry(source, target, words):
    with pytest.raises(GeometryError, match=words):
        convert_geometry(source, target)


FIELDS = st.dictionaries(
    st.sampled_from(
        ["rows", "columns", "intrinsic_matrix", "text", "sdd", "height", "delx", "detector", "Rows", "pose", "isocenter_mm"]
    ),
    st.none() | st.booleans() | st.floats() | st.text(max_size=40) | st.lists(st.floats(), max_size=9)
    | st.just([[1e308] * 4] * 4) | st.just(np.eye(3).tolist()) | st.dictionaries(st.text(max_size=4), st.floats()),
    max_size=6,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(GEOMETRY_KINDS), FIELDS)
def test_no_fields_give_anything_but_a_geometry_or_our_error(kind, fields):
    try:
        read_geometry(fields | {"kind": kind})
    except GeometryError as error:
        assert str(error)
