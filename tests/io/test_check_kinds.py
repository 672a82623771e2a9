"""What each kind of file is checked for."""

import numpy as np
import pytest
from PIL import Image

from fluoropose.errors import GeometryError
from fluoropose.imaging.volume import Volume
from fluoropose.io.check_kinds import axis_letters, check_frames, check_geometry_fields, check_mesh, check_volume_file
from fluoropose.io.nifti import write_nifti
from support.dicom import series, xray_bytes
from support.meshes import box_mesh, stl_bytes


def test_a_volume_is_understood(tmp_path, rng):
    folder = series(tmp_path / "ct", rng.integers(0, 1500, (6, 5, 7)).astype(np.int16), shear=0.3)
    report = check_volume_file(folder)
    understood = report.understood
    assert (understood["what"], understood["shape"], understood["axes"]) == ("volume", [6, 5, 7], "PIR")
    assert understood["file"]["slices"] == 7
    assert "gantry-tilt" in [finding.code for finding in report.findings]
    assert report.picture.shape == (320, 960, 3)


@pytest.mark.parametrize(("signs", "letters"), [((1, 1, 1), "LPS"), ((-1, -1, 1), "RAS"), ((1, 1, -1), "LPI")])
def test_axes_have_letters(signs, letters):
    assert axis_letters(Volume(np.zeros((2, 2, 2)), np.diag([*signs, 1.0]))) == letters


def test_a_mesh_is_understood(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh().flipped()))
    report = check_mesh(tmp_path / "part.stl")
    assert report.understood == {"what": "mesh", "facets": 12, "sides_mm": [20.0, 30.0, 40.0], "volume_cm3": 24.0}
    assert report.findings[0].text == "the surface faced inwards and was turned"


def test_frames_are_understood(tmp_path, rng):
    frames = rng.integers(0, 4000, (3, 30, 40)).astype(np.uint16)
    (tmp_path / "run.dcm").write_bytes(
        xray_bytes(
            frames, RecommendedDisplayFrameRate=15, DistanceSourceToDetector=1200.0, ImagerPixelSpacing=[0.4, 0.4]
        )
    )
    understood = check_frames(tmp_path / "run.dcm").understood
    assert (understood["what"], understood["frames"], understood["rows"], understood["columns"]) == (
        "frames",
        3,
        30,
        40,
    )
    assert understood["frames_per_second"] == 15.0
    assert understood["geometry"]["kind"] == "dicom_xa"
    (tmp_path / "bare.dcm").write_bytes(xray_bytes(frames[:1]))
    report = check_frames(tmp_path / "bare.dcm")
    assert report.understood["what"] == "frame"
    assert "no-geometry" in [finding.code for finding in report.findings]


def test_what_is_lossy_is_said(tmp_path, rng):
    pixels = rng.integers(0, 256, (40, 60)).astype(np.uint8)
    for name, expected in (("a.jpg", True), ("a.png", False)):
        Image.fromarray(pixels).save(tmp_path / name)
        codes = {one.code: one.severity for one in check_frames(tmp_path / name).findings}
        assert (codes.get("lossy") == "warning") is expected


def test_shutters_of_an_image_are_said(tmp_path, rng):
    frames = rng.integers(0, 4000, (1, 40, 60))
    (tmp_path / "x.dcm").write_bytes(
        xray_bytes(frames, ShutterShape="CIRCULAR", CenterOfCircularShutter=[21, 31], RadiusOfCircularShutter=15)
    )
    report = check_frames(tmp_path / "x.dcm")
    assert report.understood["field"] == {"circle_px": [30.0, 20.0, 15.0]}
    assert "shutters" in {one.code for one in report.findings}
    (tmp_path / "bad.dcm").write_bytes(xray_bytes(frames, ShutterShape="CIRCULAR"))
    texts = {one.code: one.text for one in check_frames(tmp_path / "bad.dcm").findings}
    assert "CenterOfCircularShutter" in texts["no-field"]


def test_a_geometry_is_understood():
    fields = {"kind": "distances", "rows": 100, "columns": 120, "row_spacing_mm": 1.0, "column_spacing_mm": 1.0}
    report = check_geometry_fields(fields | {"source_to_detector_mm": 1200.0, "principal_point_px": [500.0, 50.0]})
    assert report.understood["intrinsic_matrix"][0][0] == 1200.0
    assert report.findings[0].code == "principal-point-far"
    with pytest.raises(GeometryError, match="a kind of"):
        check_geometry_fields({"kind": "photo"})


def test_what_a_reader_refuses_is_raised(tmp_path):
    write_nifti(tmp_path / "a.nii", Volume(np.zeros((3, 3, 3)), np.eye(4)))
    with pytest.raises(Exception, match="must not be empty"):
        check_volume_file(tmp_path / "a.nii")
