"""`check`: text, JSON and a picture; exit code 2 if a file cannot be used."""

import io
import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from fluoropose.cli.main import app
from support.damaged import damaged_frames, damaged_meshes, damaged_volumes, nifti
from support.dicom import ends_gdcm, enhanced_bytes, xray_bytes
from support.meshes import ascii_stl, box_mesh, stl_bytes


@pytest.fixture
def mesh(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh()))
    return tmp_path / "part.stl"


def test_text_and_a_picture(tmp_path, mesh):
    done = CliRunner().invoke(app, ["check", str(mesh), "--picture", str(tmp_path / "part.png")])
    assert done.exit_code == 0, done.output
    assert "  facets: 12\n" in done.output
    assert done.output.endswith("  nothing looks wrong\n")
    assert np.asarray(Image.open(tmp_path / "part.png")).shape == (320, 960, 3)


def test_json_and_exit_code(tmp_path, mesh):
    (tmp_path / "bad.nii").write_bytes(b"noise")
    done = CliRunner().invoke(app, ["check", str(mesh), str(tmp_path / "bad.nii"), "--json", "-"])
    assert done.exit_code == 2
    first, second = json.loads(done.stdout)
    assert (first["understood"]["what"], first["findings"]) == ("mesh", [])
    assert (second["findings"][0]["code"], second["findings"][0]["severity"]) == ("invalid-volume", "error")
    done = CliRunner().invoke(app, ["check", str(mesh), "--json", str(tmp_path / "out.json")])
    assert json.loads((tmp_path / "out.json").read_text())[0]["understood"]["facets"] == 12
    assert done.exit_code == 0


def test_a_file_that_ends_gdcm_is_an_error_and_the_next_is_checked(tmp_path, mesh):
    (tmp_path / "ct.dcm").write_bytes(ends_gdcm(enhanced_bytes(np.zeros((24, 30, 3)), order=range(3))))
    (tmp_path / "frame.dcm").write_bytes(ends_gdcm(xray_bytes(np.zeros((1, 24, 30)))))
    done = CliRunner().invoke(app, ["check", str(tmp_path / "ct.dcm"), str(tmp_path / "frame.dcm"), str(mesh)])
    assert done.exit_code == 2
    assert done.output.count("that ends its decoder") == 2
    assert done.output.endswith("  nothing looks wrong\n")


def test_a_run_is_judged_by_the_frame_asked_for(tmp_path):
    frames = np.stack([np.full((24, 30), value) for value in (100, 200, 300)])
    (tmp_path / "run.dcm").write_bytes(xray_bytes(frames))
    for asked, number, value in (([], 1, 200.0), (["--frame-number", "2"], 2, 300.0)):
        done = CliRunner().invoke(app, ["check", str(tmp_path / "run.dcm"), *asked, "--json", "-"])
        understood = json.loads(done.stdout)[0]["understood"]
        assert (understood["frames"], understood["judged_by"], understood["values"]) == (3, number, [value, value])
    done = CliRunner().invoke(app, ["check", str(tmp_path / "run.dcm"), "--frame-number", "3"])
    assert done.exit_code == 2 and "frame number of 0 to 2, got 3" in done.output


def test_libraries_say_nothing_beside_the_report(tmp_path):
    """nibabel would print what it mends on standard error, pydicom what it doubts, Pillow and trimesh more."""
    broken = bytearray(nifti())
    broken[0:4] = (349).to_bytes(4, "little")
    (tmp_path / "a.nii").write_bytes(bytes(broken))
    (tmp_path / "a.dcm").write_bytes(
        xray_bytes(np.ones((1, 24, 30))).replace(b"1.2.840.10008.5.1.4.1.1.12", b"1.x.840.10008.5.1.4.1.1.12")
    )
    (tmp_path / "a.stl").write_bytes(ascii_stl(box_mesh()).replace(b"normal 0", b"normal x", 1))
    picture = io.BytesIO()
    Image.fromarray(np.arange(900, dtype=np.uint16).reshape(30, 30)).save(picture, "TIFF", dpi=(300, 300))
    resolution = struct.pack("<HHI", 282, 5, 1)
    (tmp_path / "a.tif").write_bytes(picture.getvalue().replace(resolution, resolution[:4] + b"\0\0\1\0"))
    command = [sys.executable, "-m", "fluoropose", "check", "a.nii", "a.dcm", "a.stl", "a.tif", "--json", "-"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    findings = json.loads(done.stdout)[0]["findings"]
    assert [one["code"] for one in findings if "sizeof_hdr" in one["text"]] == ["header-mended"]


def test_damaged_files_are_errors_of_the_report(tmp_path):
    (tmp_path / "made").mkdir()
    files = damaged_volumes(tmp_path / "made") | damaged_meshes() | damaged_frames()
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = CliRunner().invoke(app, ["check", *(str(tmp_path / name) for name in files), "--json", "-"])
    assert done.exit_code == 2, done.output[-500:]
    reports = json.loads(done.stdout)
    assert len(reports) == len(files) > 60
    assert {one["findings"][0]["severity"] for one in reports} == {"error"}
