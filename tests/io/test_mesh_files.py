"""Files of meshes before they are parsed: kinds, counts and limits."""

import struct

import pytest

from fluoropose.errors import MeshError
from fluoropose.io import mesh_files
from fluoropose.io.mesh_files import MAX_FACETS, mesh_suffix, open_mesh_file
from support.meshes import ascii_stl, box_mesh, obj_bytes, ply_bytes, stl_bytes

BOX = box_mesh()


@pytest.mark.parametrize(
    ("data", "name", "suffix"),
    [
        (stl_bytes(BOX), "upload", ".stl"),
        (stl_bytes(BOX, b"solid of an exporter"), "upload", ".stl"),
        (stl_bytes(BOX, count=13), "cut.STL", ".stl"),
        (stl_bytes(BOX, count=13), "upload", None),
        (ascii_stl(BOX), "upload", ".stl"),
        (b"\n  SOLID x\n", "", ".stl"),
        (ply_bytes(BOX), "part.stl", ".ply"),
        (ply_bytes(BOX).replace(b"\n", b"\r\n"), "", ".ply"),
        (obj_bytes(BOX), "part.obj", ".obj"),
        (obj_bytes(BOX), "upload", ".obj"),
        (b"\xff\xd8\xff", "photo.jpg", None),
        (b"", "", None),
        (b"volume\nsolidity", "", None),
    ],
)
def test_the_kind_of_an_upload(data, name, suffix):
    assert mesh_suffix(data[:1024], name, len(data)) == suffix


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.stl", stl_bytes(BOX)),
        ("a.stl", stl_bytes(BOX, b"solid of an exporter")),
        ("a.STL", ascii_stl(BOX)),
        ("a.ply", ply_bytes(BOX)),
        ("a.obj", obj_bytes(BOX)),
    ],
)
def test_the_facets_are_counted_before_anything_is_parsed(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    found = open_mesh_file(tmp_path / name)
    assert (found.kind, found.facets, found.data) == (name[2:].lower(), 12, data)


def header(count):
    return bytes(80) + struct.pack("<I", count)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.stl", b"", "got an empty .stl file"),
        ("a.stl", b"short", "expected an STL of at least 84 bytes, got 5 bytes"),
        ("a.stl", header(0), "got a file without one"),
        ("a.stl", stl_bytes(BOX, count=13), "734 bytes for the 13 facets .* got 684 bytes, which hold 12: the file is cut"),
        ("a.stl", stl_bytes(BOX)[:-7], "684 bytes for the 12 facets that its header counts, got 677 bytes, which hold 11.86"),
        ("a.stl", header(4294967295), "for the 4,294,967,295 facets that its header counts, got 84 bytes"),
        ("a.stl", b"solid nothing\nendsolid nothing\n", "got a file without one"),
        ("a.ply", b"ply\nformat ascii 1.0\n", "expected a PLY with its header"),
        ("a.ply", b"plywood end_header", "expected a PLY with its header"),
        ("a.ply", ply_bytes(BOX, facets=0), "got a file without one"),
        ("a.ply", ply_bytes(BOX, facets=10_000_000), "expected at most 2,000,000 facets, got 10,000,000: simplify"),
        ("a.ply", ply_bytes(BOX, vertices=10**12), "elements .*'vertex': 1000000000000.* got only"),
        ("a.obj", b"v 0 0 0\n", "got a file without one"),
        ("a.obj", b"v 0 0 0" + b"\nf 1 1 1" * (MAX_FACETS + 1), "at most 2,000,000 facets, got 2,000,001"),
        ("a.off", b"OFF", "expected a mesh of .stl, .ply, .obj, got a.off"),
    ],
)  # fmt: skip
def test_impossible_files_are_refused(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MeshError, match=message):
        open_mesh_file(tmp_path / name)


def test_ten_million_facets_are_refused_by_their_header(tmp_path):
    """A sparse file: nothing of it but its head is read."""
    with (tmp_path / "huge.stl").open("wb") as file:
        file.write(header(10_000_000))
        file.truncate(84 + 50 * 10_000_000)
    with pytest.raises(MeshError, match="expected at most 2,000,000 facets, got 10,000,000: simplify the mesh"):
        open_mesh_file(tmp_path / "huge.stl")


def test_a_huge_text_is_refused_by_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(mesh_files, "MAX_BYTES", 2**20)
    (tmp_path / "huge.obj").write_bytes(b"# \n" * 2**20)
    with pytest.raises(MeshError, match="expected a mesh of at most 1 MiB, got 3 MiB"):
        open_mesh_file(tmp_path / "huge.obj")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(MeshError, match="expected a mesh in .*gone.stl, got: No such file"):
        open_mesh_file(tmp_path / "gone.stl")
