"""Reading of STL (text and binary), PLY and OBJ. Coordinates are kept, and are taken as mm in LPS."""

import logging
from io import BytesIO
from pathlib import Path

import numpy as np

from fluoropose.errors import MeshError
from fluoropose.imaging.mesh import Mesh
from fluoropose.imaging.mesh_surface import closed_outward
from fluoropose.io.mesh_files import MeshFile, check_facets, open_mesh_file
from fluoropose.io.reader_faults import translate_faults

__all__ = ["read_mesh"]


def read_mesh(path: Path) -> tuple[Mesh, tuple[str, ...]]:
    """Return the closed surface in a mesh file, facing outwards, and what was mended, a sentence each.

    No other file is read: materials and textures that the file names are left out. Polygons become triangles.

    Raises
    ------
    MeshError
        If the file cannot be read or is too large, or as `mesh_surface.closed_outward`.
    """
    with translate_faults(MeshError, f"a mesh in {path.name}"):
        return closed_outward(_parse(open_mesh_file(path), path.name))


def _parse(file: MeshFile, name: str) -> Mesh:
    import trimesh  # 0.3 s of every start of the service, in which no mesh is read

    # It logs what it cannot read, with a traceback, on standard error.
    trimesh.util.log.setLevel(logging.CRITICAL)
    # From bytes, without a path: so no reader can look for files beside it.
    parsed = trimesh.load_mesh(BytesIO(file.data), file_type=file.kind, process=False, skip_materials=True)
    mesh = Mesh(np.array(parsed.vertices), np.array(parsed.faces))
    if len(mesh.faces) < file.facets or (file.kind == "stl" and len(mesh.faces) > file.facets):
        raise MeshError(f"expected the {file.facets:,} facets that {name} counts, got {len(mesh.faces):,}")
    check_facets(len(mesh.faces))
    return mesh
