"""Files of meshes before they are parsed: their kind, and how many facets they claim, which is bounded."""

import re
from dataclasses import dataclass
from pathlib import Path

from fluoropose.errors import MeshError

__all__ = ["MAX_BYTES", "MAX_FACETS", "MESH_SUFFIXES", "MeshFile", "check_facets", "mesh_suffix", "open_mesh_file"]

MESH_SUFFIXES = (".stl", ".ply", ".obj")

MAX_FACETS = 2_000_000
"""Facets of a mesh: 100 MB as a binary STL. To read, check and fill them takes about 10 seconds and 2 GB of memory."""

MAX_BYTES = 256 * 2**20
"""Bytes of a file: a text of more than a million facets, which takes eight times its size while it is parsed."""

_HEAD_BYTES = 64 * 2**10
"""A PLY's header ends within these."""

_STL_HEAD_BYTES, _STL_FACET_BYTES = 84, 50


@dataclass(frozen=True, slots=True, eq=False)
class MeshFile:
    """A file's bytes, its kind ("stl", "ply" or "obj") and the facets that it claims to hold, polygons counted once."""

    data: bytes
    kind: str
    facets: int


def mesh_suffix(first_bytes: bytes, name: str = "", size: int | None = None) -> str | None:
    """Return the suffix of a mesh's kind by its first bytes, its name and its size; None if it is no mesh.

    A binary STL is known by its size, which its header tells, or by its name; an OBJ by its name or a line of a vertex.
    """
    if re.match(rb"ply\r?\n", first_bytes):
        return ".ply"
    named = Path(name).suffix.lower()
    if named in (".stl", ".obj"):
        return named
    if first_bytes.lstrip()[:6].lower() == b"solid " or (size is not None and size == _stl_bytes(first_bytes)):
        return ".stl"
    return ".obj" if re.search(rb"^v[ \t]+[-+.\d]", first_bytes, re.MULTILINE) else None


def open_mesh_file(path: Path) -> MeshFile:
    """Return a mesh file whose claims are possible.

    Raises
    ------
    MeshError
        If it is not there, of no known kind, empty, too large, or its header and its size disagree.
    """
    kind = path.suffix.lower().removeprefix(".")
    if f".{kind}" not in MESH_SUFFIXES:
        raise MeshError(f"expected a mesh of {', '.join(MESH_SUFFIXES)}, got {path.name}")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            _check_head(kind, file.read(_HEAD_BYTES), size)
            file.seek(0)
            data = file.read(MAX_BYTES)
    except OSError as error:
        raise MeshError(f"expected a mesh in {path}, got: {error.strerror or error}") from error
    found = MeshFile(data, kind, _count_facets(kind, data))
    check_facets(found.facets)
    return found


def check_facets(count: int) -> None:
    """Raise MeshError if there are more facets than may be, or none."""
    if count > MAX_FACETS:
        raise MeshError(f"expected at most {MAX_FACETS:,} facets, got {count:,}: simplify the mesh")
    if count == 0:
        raise MeshError("expected a mesh with facets, got a file without one")


def _check_head(kind: str, head: bytes, size: int) -> None:
    """Refuse what the first bytes and the size already tell, so that a huge file is not read."""
    if size == 0:
        raise MeshError(f"expected a mesh, got an empty .{kind} file")
    if kind == "stl" and not _is_text(head):
        claimed = _stl_bytes(head)
        if claimed is None:
            raise MeshError(f"expected an STL of at least {_STL_HEAD_BYTES} bytes, got {size} bytes")
        facets = (claimed - _STL_HEAD_BYTES) // _STL_FACET_BYTES
        if claimed != size:
            room = (size - _STL_HEAD_BYTES) / _STL_FACET_BYTES
            raise MeshError(
                f"expected a binary STL of {claimed:,} bytes for the {facets:,} facets that its header counts, got "
                f"{size:,} bytes, which hold {room:,.6g}: the file is cut or damaged"
            )
        check_facets(facets)
    if kind == "ply":
        counts = _ply_counts(head)
        check_facets(counts.get("face", 0))
        if sum(counts.values()) > size:
            raise MeshError(f"expected a PLY of its header's elements ({counts}), got only {size:,} bytes")
    if size > MAX_BYTES:
        raise MeshError(f"expected a mesh of at most {MAX_BYTES >> 20} MiB, got {size >> 20} MiB: simplify the mesh")


def _count_facets(kind: str, data: bytes) -> int:
    if kind == "ply":
        return _ply_counts(data[:_HEAD_BYTES]).get("face", 0)
    if kind == "obj":
        return data.count(b"\nf ") + data.count(b"\nf\t")
    if _is_text(data[:_HEAD_BYTES]):
        return data.count(b"endfacet") + data.count(b"ENDFACET")
    return (len(data) - _STL_HEAD_BYTES) // _STL_FACET_BYTES


def _is_text(head: bytes) -> bool:
    """Return whether an STL is text: it begins with "solid" and has no zero byte. Binary ones may begin so too."""
    return head.lstrip()[:5].lower() == b"solid" and b"\0" not in head


def _stl_bytes(head: bytes) -> int | None:
    """Return the size in bytes that the header of a binary STL tells; None if it is too short for one."""
    if len(head) < _STL_HEAD_BYTES:
        return None
    return _STL_HEAD_BYTES + _STL_FACET_BYTES * int.from_bytes(head[80:84], "little")


def _ply_counts(head: bytes) -> dict[str, int]:
    """Return how many there are of each element that a PLY's header lists."""
    header, end, _ = head.partition(b"end_header")
    if not re.match(rb"ply\r?\n", header) or not end:
        raise MeshError(f"expected a PLY with its header in the first {_HEAD_BYTES >> 10} KiB, got other bytes")
    found = re.findall(rb"^element\s+(\S{1,64})\s+(\d{1,18})\s*$", header, re.MULTILINE)
    return {name.decode(errors="replace"): int(count) for name, count in found}
