"""Reading of meshes: the same box from every kind of file, and bad files made by hand."""

import struct

import numpy as np
import pytest

from fluoropose.errors import MeshError
from fluoropose.imaging.mesh import Mesh
from fluoropose.imaging.mesh_voxels import voxelise_mesh
from fluoropose.io.meshes import read_mesh
from support.meshes import ascii_stl, box_mesh, joined, moved, obj_bytes, ply_bytes, sphere_mesh, stl_bytes

BOX = box_mesh()
QUADS = b"\n".join([obj_bytes(Mesh(BOX.vertices_mm, np.zeros((0, 3), int))), b"f 1 3 4 2\nf 5 6 8 7\nf 1 2 6 5"])
QUADS += b"\nf 3 7 8 4\nf 1 5 7 3\nf 2 4 8 6\n"


def binary_ply(mesh, order="<"):
    name = {"<": "little", ">": "big"}[order]
    head = ply_bytes(mesh).split(b"end_header")[0].replace(b"ascii", f"binary_{name}_endian".encode())
    faces = b"".join(struct.pack(f"{order}B3i", 3, *facet) for facet in mesh.faces)
    return head + b"end_header\n" + mesh.vertices_mm.astype(f"{order}f4").tobytes() + faces


def textured(mesh):
    """An OBJ whose facets have texture coordinates and normals of their own, in two objects."""
    lines = ["mtllib shared/../secret.mtl", "vt 0 0", "vt 1 0", "vn 0 0 1", "o first"]
    lines += ["v " + " ".join(map(str, corner)) for corner in mesh.vertices_mm]
    for n, facet in enumerate(mesh.faces):
        lines += ["usemtl steel", "o second"] if n == 6 else []
        lines += ["f " + " ".join(f"{corner + 1}/{n % 2 + 1}/1" for corner in facet)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.stl", stl_bytes(BOX)),
        ("a.stl", stl_bytes(BOX, b"solid of an exporter")),
        ("a.stl", ascii_stl(BOX)),
        ("a.stl", ascii_stl(BOX).replace(b"\n", b"\r\n")),
        ("a.stl", ascii_stl(BOX).upper()),
        ("a.stl", ascii_stl(BOX, "")),
        ("a.ply", ply_bytes(BOX)),
        ("a.ply", ply_bytes(BOX, "TextureFile ../secret.png")),
        ("a.ply", binary_ply(BOX)),
        ("a.ply", binary_ply(BOX, ">")),
        ("a.obj", obj_bytes(BOX)),
        ("a.obj", QUADS),
        ("a.obj", textured(BOX)),
    ],
)
def test_every_kind_of_file_gives_the_same_box(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    mesh, notes = read_mesh(tmp_path / name)
    assert notes == ()
    assert len(mesh.vertices_mm) == 8
    assert len(mesh.faces) == 12
    assert mesh.volume_mm3 == pytest.approx(24000.0)
    np.testing.assert_allclose(mesh.ends_mm, [[0, 0, 0], [20, 30, 40]])


def test_no_file_beside_a_mesh_is_opened(tmp_path, monkeypatch):
    import builtins

    (tmp_path / "secret.mtl").write_text("newmtl steel\nmap_Kd secret.png\n")
    (tmp_path / "a.obj").write_bytes(textured(BOX).replace(b"shared/../secret", b"secret"))
    (tmp_path / "a.ply").write_bytes(ply_bytes(BOX, "TextureFile secret.png"))
    opened = []
    plain_open = builtins.open
    monkeypatch.setattr(
        builtins, "open", lambda file, *args, **more: (opened.append(file), plain_open(file, *args, **more))[1]
    )
    for name in ("a.obj", "a.ply"):
        read_mesh(tmp_path / name)
    assert [file for file in opened if "secret" in str(file)] == []


def test_several_solids_of_a_text_are_one_mesh(tmp_path):
    two = ascii_stl(BOX, "first") + ascii_stl(moved(BOX, [50.0, 0, 0]), "second")
    (tmp_path / "two.stl").write_bytes(two)
    assert read_mesh(tmp_path / "two.stl")[0].volume_mm3 == pytest.approx(48000.0)


def test_a_mesh_that_faces_inwards_is_turned_and_said(tmp_path):
    (tmp_path / "in.stl").write_bytes(stl_bytes(BOX.flipped()))
    mesh, notes = read_mesh(tmp_path / "in.stl")
    assert mesh.volume_mm3 == pytest.approx(24000.0)
    assert notes == ("the surface faced inwards and was turned",)


def test_a_mesh_that_crosses_itself_is_the_union(tmp_path):
    (tmp_path / "x.stl").write_bytes(stl_bytes(joined(BOX, moved(BOX, [10.0, 10.0, 10.0]))))
    volume = voxelise_mesh(read_mesh(tmp_path / "x.stl")[0], 1.0, 0.5)
    assert volume.values.sum(dtype=np.float64) * 0.125 == pytest.approx(42000.0, rel=1e-5)


def nan_stl():
    data = bytearray(stl_bytes(BOX))
    data[84 + 12 : 84 + 16] = struct.pack("<f", np.nan)
    return bytes(data)


OPEN = Mesh(BOX.vertices_mm, BOX.faces[1:])
TINY, HUGE = sphere_mesh(5e-5, 2), sphere_mesh(30000.0, 2)
BAD_INDEX = ply_bytes(Mesh(BOX.vertices_mm, np.where(BOX.faces == 7, 70, BOX.faces)))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.stl", stl_bytes(OPEN), "expected a closed surface, got 3 open edges of 18"),
        ("a.stl", ascii_stl(OPEN), "got 3 open edges"),
        ("a.stl", nan_stl(), "got 1 of NaN or infinity"),
        ("a.stl", ascii_stl(BOX).replace(b"vertex 20 ", b"vertex nan "), "NaN or infinity|expected"),
        ("a.stl", stl_bytes(TINY), r"got 0.0001 x 0.0001 x 0.0001 mm"),
        ("a.stl", stl_bytes(HUGE), r"got 6e\+04 x 6e\+04 x 6e\+04 mm: is it in micrometres\?"),
        ("a.stl", stl_bytes(sphere_mesh(0.05, 2)), r"got 0.1 x 0.1 x 0.1 mm: is it in metres\?"),
        ("a.stl", stl_bytes(BOX, count=11), "634 bytes for the 11 facets that its header counts, got 684 bytes"),
        ("a.stl", ascii_stl(BOX)[:-80], "expected"),
        ("a.stl", ascii_stl(BOX).replace(b"vertex 0 0 0", b"vertex 0 zero 0"), "expected"),
        ("a.stl", ascii_stl(BOX).replace(b"vertex", b"corner"), "expected"),
        ("a.ply", ply_bytes(BOX)[:-30], "expected"),
        ("a.ply", ply_bytes(BOX, facets=20), "expected"),
        ("a.ply", binary_ply(BOX)[:-5], "expected a mesh in a.ply, got"),
        ("a.ply", BAD_INDEX, "expected"),
        ("a.ply", ply_bytes(BOX).replace(b"property float x", b"property quad x"), "expected a mesh in a.ply, got"),
        ("a.obj", obj_bytes(BOX).replace(b"\nf 1 ", b"\nf 99 "), "expected"),
        ("a.obj", b"v 0 0 0\nf 1 2 x\n", "expected"),
        ("a.obj", b"f 1 2 3\nf 1 2 3\n", "expected"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_in_words(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MeshError, match=message):
        read_mesh(tmp_path / name)
