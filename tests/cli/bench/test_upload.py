"""`bench upload`: a mesh becomes a case of a server, and its first pose is sure."""

import json

from support.commands import refused, run
from support.meshes import box_mesh, stl_bytes


def test_an_uploaded_mesh_is_ready_and_its_first_pose_sure(shipped_root, tmp_path):
    mesh, out = tmp_path / "part.stl", tmp_path / "upload.json"
    mesh.write_bytes(stl_bytes(box_mesh()))
    result = run("bench", "upload", mesh, "--options", '{"material": "titanium"}', "--json", out)
    assert result.exit_code == 0, result.output
    figures = json.loads(out.read_text())
    names = [one["step"] for one in figures["steps"]]
    assert names[-1] == "ready"
    assert len(names) > 1
    assert figures["statuses"][-1] == "TRACKING"
    assert figures["upload_s"] < figures["ready_s"] < figures["total_s"]


def test_options_that_are_no_object_and_uploads_that_are_refused_are_told(shipped_root, tmp_path):
    mesh = tmp_path / "part.stl"
    mesh.write_bytes(b"solid nothing\nendsolid nothing\n")
    refused(run("bench", "upload", mesh, "--options", "[1"), "expected --options as a JSON object")
    refused(run("bench", "upload", mesh, "--options", '{"material": "titanium"}'), "got")
