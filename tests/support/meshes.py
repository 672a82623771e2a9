"""Meshes of bodies whose volume is known, made by hand, and the bytes of their files. Lengths in mm."""

import struct

import numpy as np

from fluoropose.imaging.mesh import Mesh

BOX_FACES = np.array(
    [
        [0, 2, 3], [0, 3, 1], [4, 5, 7], [4, 7, 6], [0, 1, 5], [0, 5, 4],
        [2, 6, 7], [2, 7, 3], [0, 4, 6], [0, 6, 2], [1, 3, 7], [1, 7, 5],
    ]
)  # fmt: skip
"""Corner n has the upper z if its bit 4 is set, y: 2, x: 1."""


def box_mesh(low=(0.0, 0.0, 0.0), high=(20.0, 30.0, 40.0)):
    """Return a box between two corners, 12 facets."""
    ends = np.array([low, high], np.float64)
    corners = np.array([[ends[n & 1, 0], ends[n >> 1 & 1, 1], ends[n >> 2, 2]] for n in range(8)])
    return Mesh(corners, BOX_FACES)


def joined(*meshes):
    """Return meshes as one."""
    first = np.cumsum([0, *(len(mesh.vertices_mm) for mesh in meshes)])
    faces = [mesh.faces + start for mesh, start in zip(meshes, first, strict=False)]
    return Mesh(np.concatenate([mesh.vertices_mm for mesh in meshes]), np.concatenate(faces))


def moved(mesh, offset_mm, rotation=np.eye(3)):
    """Return a mesh rotated about the origin, then moved."""
    return Mesh(mesh.vertices_mm @ np.transpose(rotation) + offset_mm, mesh.faces)


def sphere_mesh(radius=20.0, level=4):
    """Return an octahedron whose facets were split in four `level` times, its vertices on a sphere: 8 x 4^level."""
    points = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float64)
    faces = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
    for _ in range(level):
        sides = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        edges, middle = np.unique(sides, axis=0, return_inverse=True)
        middle = middle.reshape(-1, 3) + len(points)
        added = points[edges].sum(axis=1)
        points = np.concatenate([points, added / np.linalg.norm(added, axis=1, keepdims=True)])
        (a, b, c), (ab, bc, ca) = faces.T, middle.T
        faces = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], axis=1).reshape(-1, 3)
    return Mesh(radius * points, faces)


def tube_mesh(outer=10.0, inner=9.0, length=60.0, sides=360):
    """Return a tube about the z axis, centred at the origin."""
    angle = 2 * np.pi * np.arange(sides) / sides
    rings = [
        np.stack([r * np.cos(angle), r * np.sin(angle), np.full(sides, z)], axis=1)
        for r, z in ((outer, -length / 2), (outer, length / 2), (inner, length / 2), (inner, -length / 2))
    ]
    here, after = np.arange(sides), np.roll(np.arange(sides), -1)
    faces = []
    for ring in range(4):
        low, high = ring * sides, (ring + 1) % 4 * sides
        faces += [np.stack([low + here, low + after, high + after], axis=1)]
        faces += [np.stack([low + here, high + after, high + here], axis=1)]
    return Mesh(np.concatenate(rings), np.concatenate(faces))


def stl_bytes(mesh, header=b"made by a test", count=None):
    """Return a binary STL, with another number of facets in its header if `count` is given."""
    corners = mesh.vertices_mm[mesh.faces].astype("<f4")
    records = np.zeros(len(corners), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")])
    records["corners"] = corners
    return header.ljust(80, b"\0") + struct.pack("<I", len(corners) if count is None else count) + records.tobytes()


def ascii_stl(mesh, name="part"):
    """Return an ASCII STL as bytes."""
    lines = [f"solid {name}"]
    for facet in mesh.vertices_mm[mesh.faces]:
        lines += ["facet normal 0 0 0", " outer loop"]
        lines += ["  vertex " + " ".join(f"{x:.9g}" for x in corner) for corner in facet]
        lines += [" endloop", "endfacet"]
    return "\n".join([*lines, f"endsolid {name}", ""]).encode()


def obj_bytes(mesh, first="# made by a test"):
    """Return an OBJ as bytes, with a first line."""
    lines = [first, *("v " + " ".join(f"{x:.9g}" for x in corner) for corner in mesh.vertices_mm)]
    return "\n".join([*lines, *("f " + " ".join(str(n + 1) for n in facet) for facet in mesh.faces), ""]).encode()


def ply_bytes(mesh, comment="made by a test", vertices=None, facets=None):
    """Return an ASCII PLY as bytes, with other counts in its header if they are given."""
    header = ["ply", "format ascii 1.0", f"comment {comment}"]
    header += [f"element vertex {len(mesh.vertices_mm) if vertices is None else vertices}"]
    header += [f"property float {axis}" for axis in "xyz"]
    header += [f"element face {len(mesh.faces) if facets is None else facets}"]
    header += ["property list uchar int vertex_indices", "end_header"]
    body = [" ".join(f"{x:.9g}" for x in corner) for corner in mesh.vertices_mm]
    body += [f"3 {a} {b} {c}" for a, b, c in mesh.faces]
    return "\n".join([*header, *body, ""]).encode()
