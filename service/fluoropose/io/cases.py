"""Cases on disk: a folder with `case.json`, `attenuation.npy`, `atlas.npy` and, if the case has a rest, `rest.npy`.

`object.png` shows the object to people; no code reads it. A case of a mesh has it in `mesh_vertices.npy` and
`mesh_faces.npy`. `case.json` holds the SHA-256 of every array and of itself, which are checked when the case is loaded.
The atlas is then read through a memory map, and never written through one. In a case with a rest it holds the rest's
pictures after the views of the object.
"""

import hashlib
import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.drr.atlas import Atlas, AtlasGrid, Progress, no_progress
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import ViewChoice, prepare_case
from fluoropose.errors import FluoroposeError, InputError, StorageError, UnknownCaseError
from fluoropose.geometry.canonical import CanonicalView
from fluoropose.imaging.mesh import Mesh, Solid
from fluoropose.imaging.understanding import Understanding
from fluoropose.imaging.volume import Volume
from fluoropose.io.arrays_on_disk import check_files, digests_of, require_room, write_array
from fluoropose.io.files import (
    is_part,
    new_folder,
    part_of,
    read_json,
    sha256_of,
    storage_errors,
    sweep_parts,
    write_json,
)
from fluoropose.io.object_picture import object_picture
from fluoropose.io.pictures import save_picture

__all__ = [
    "CASE_FILES",
    "PICTURE_NAME",
    "case_folders",
    "check_name",
    "is_name",
    "list_cases",
    "load_case",
    "read_findings",
    "read_understanding",
    "read_verification",
    "record_digest",
    "remove_case",
    "store_case",
    "store_verification",
]

PICTURE_NAME = "object.png"
"""The picture of the object in a case's folder."""

_SCHEMA = 1
_VERIFICATION = "verification.json"
CASE_FILES = (
    "case.json", "attenuation.npy", "atlas.npy", "rest.npy", "mesh_vertices.npy", "mesh_faces.npy", "verification.json",
    PICTURE_NAME,
)  # fmt: skip
"""All files that a case's folder may hold."""

_SEAL = "record_sha256"
_MESH_PER_MM = "mesh_attenuation_per_mm"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def check_name(name: str) -> str:
    """Return the name of a case or model if it is safe as a folder's name, or raise InputError."""
    if not _NAME.fullmatch(name):
        raise InputError(f"a name must be 1 to 64 letters, digits, - or _, got {name[:80]!r}")
    return name


def is_name(name: str) -> bool:
    """Return whether a case or model may have a name."""
    return _NAME.fullmatch(name) is not None


def store_case(
    folder: Path,
    source: str,
    volume: Volume,
    choice: ViewChoice,
    *,
    rest: Volume | None = None,
    solid: Solid | None = None,
    details: dict[str, Any] | None = None,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Case:
    """Prepare a case in its folder, whole or not at all, and return it.

    The room for all of it is asked for before the first byte is written and the first view is rendered.

    Raises
    ------
    InputError
        If the folder's name is not safe, or the case exists and `replace` is false.
    StorageError
        If the disk refuses, or has not the room.
    """
    name = check_name(folder.name)
    with new_folder(folder, replace=replace) as part:
        atlas_bytes = 2 * choice.grid.count * choice.size_px**2
        rest_bytes = 0 if rest is None else 2 * rest.values.size + atlas_bytes
        mesh_bytes = 0 if solid is None else solid.mesh.vertices_mm.nbytes + 12 * len(solid.mesh.faces)
        require_room(part, volume.values.nbytes + atlas_bytes + rest_bytes + mesh_bytes)
        write_array(part / "attenuation.npy", volume.values)
        if rest is not None:
            write_array(part / "rest.npy", rest.values.astype(np.float16))
        if solid is not None:
            write_array(part / "mesh_vertices.npy", solid.mesh.vertices_mm)
            write_array(part / "mesh_faces.npy", solid.mesh.faces.astype(np.int32))
        case = prepare_case(name, source, volume, choice, rest=rest, solid=solid, progress=progress)
        write_array(part / "atlas.npy", case.atlas.pictures)
        save_picture(part / PICTURE_NAME, object_picture(volume, case.atlas.view))
        record = _describe(case, source, details or {})
        record["sha256"] = digests_of(part, _array_names(record))
        write_json(part / "case.json", _sealed(record))
    return load_case(folder)


def list_cases(root: Path) -> list[str]:
    """Return the names of the complete cases in a folder."""
    return [name for name in case_folders(root) if (root / name / "case.json").is_file()]


def case_folders(root: Path) -> list[str]:
    """Return the names of the folders in a folder that are finished and not hidden, whether they are cases or not."""
    if not root.is_dir():
        return []
    with storage_errors(f"to list {root.name}"):
        return sorted(
            path.name for path in root.iterdir() if path.is_dir() and not is_part(path) and path.name[0] != "."
        )


def record_digest(folder: Path) -> str:
    """Return the SHA-256 of a case's record, which holds those of its arrays; raise StorageError if it is not there."""
    with storage_errors(f"a case in {folder.name}"):
        return sha256_of(folder / "case.json")


def load_case(folder: Path) -> Case:
    """Return a stored case with its atlas mapped from disk. The case's name is the folder's, even after a rename.

    Raises
    ------
    UnknownCaseError
        If there is no case in the folder.
    StorageError
        If one of its files is missing, truncated, of another schema, or differs from its digest. Cases of earlier
        versions have no digests.
    """
    record = _read_record(folder)
    if record.get("schema") != _SCHEMA:
        raise StorageError(
            f"expected a case of schema {_SCHEMA}, got {str(record.get('schema'))[:40]}; prepare it again"
        )
    if _SEAL in record and _sealed(record) != record:
        raise StorageError(f"checksum mismatch: case.json of case {folder.name} is damaged; prepare it again")
    try:
        if "sha256" in record:
            check_files(folder, _array_names(record), record["sha256"])
        return _read(folder, record)
    except FluoroposeError as error:
        raise StorageError(str(error)) from error
    except Exception as error:
        # A damaged record or array makes numpy and the values' own checks fail in ways that nobody can list.
        raise StorageError(f"expected a complete case in {folder.name}, got: {error!r}; prepare it again") from error


def store_verification(folder: Path, figures: dict[str, Any]) -> None:
    """Keep beside a stored case what trying it on itself gave, or raise StorageError."""
    write_json(folder / _VERIFICATION, figures)


def read_verification(folder: Path) -> dict[str, Any] | None:
    """Return what trying a stored case on itself gave; None where it was not tried."""
    if not (folder / _VERIFICATION).is_file():
        return None
    figures = read_json(folder / _VERIFICATION, "a case's verification")
    return figures if isinstance(figures, dict) else None


def read_understanding(folder: Path) -> str | None:
    """Return in words what was understood of a case's object, or None if the case was stored without it.

    Raises
    ------
    UnknownCaseError
        If there is no case in the folder.
    StorageError
        If `case.json` holds something else than an understanding where that should be.
    """
    record = _read_record(folder).get("understanding")
    if record is None:
        return None
    try:
        return Understanding.from_record(record).text()
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise StorageError(f"expected a complete case in {folder.name}, got: {error}; prepare it again") from error


def read_findings(folder: Path) -> list[str]:
    """Return what was left out, changed or looked wrong when a case's volume was read, a text each."""
    found = _read_record(folder).get("findings")
    texts = [one.get("text") for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [text for text in texts if isinstance(text, str)]


def remove_case(folder: Path) -> None:
    """Delete a stored case. Its folder is renamed first, so that a deletion that is cut short leaves no listed case."""
    sweep_parts(folder.parent, folder.name)
    if not folder.is_dir():
        return
    with storage_errors(f"to delete {folder.name}"):
        gone = part_of(folder)
        folder.rename(gone)
        shutil.rmtree(gone)


def _read_record(folder: Path) -> dict[str, Any]:
    """Return what a case's `case.json` holds, or raise UnknownCaseError where there is none."""
    if not (folder / "case.json").is_file():
        raise UnknownCaseError(f"expected a case in {folder}, got no case.json there")
    try:
        record = read_json(folder / "case.json", "a case")
    except InputError as error:
        raise StorageError(f"{error}; prepare it again") from error
    if not isinstance(record, dict):
        raise StorageError(
            f"expected a case's record in {folder.name}, got {type(record).__name__} in case.json; prepare it again"
        )
    return record


def _sealed(record: dict[str, Any]) -> dict[str, Any]:
    """Return a case's record with the SHA-256 of all its other fields."""
    plain = json.loads(json.dumps({key: value for key, value in record.items() if key != _SEAL}))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return plain | {_SEAL: hashlib.sha256(text.encode()).hexdigest()}


def _array_names(record: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the arrays of a case by its record: a rest and a mesh are there or not."""
    rest = [] if record["rest_lps_from_index"] is None else ["rest.npy"]
    mesh = [] if record.get(_MESH_PER_MM) is None else ["mesh_vertices.npy", "mesh_faces.npy"]
    return ("attenuation.npy", "atlas.npy", *rest, *mesh)


def _read(folder: Path, record: dict[str, Any]) -> Case:
    placed = np.array(record["lps_from_index"])
    volume = Volume(np.load(folder / "attenuation.npy"), placed)
    rest = None
    if record["rest_lps_from_index"] is not None:
        rest = Volume(np.load(folder / "rest.npy").astype(np.float32), np.array(record["rest_lps_from_index"]))
    canonical = record["canonical"]
    view = CanonicalView(
        np.array(canonical["centre_mm"]),
        np.array(canonical["base_rotation"]),
        canonical["size_px"],
        canonical["field_mm"],
        canonical["range_mm"],
    )
    grid = AtlasGrid(**record["grid"])
    pictures = np.load(folder / "atlas.npy", mmap_mode="r")
    expected = (grid.count * (1 if rest is None else 2), view.size_px, view.size_px)
    if pictures.shape != expected:
        raise StorageError(f"expected an atlas of shape {expected}, got {pictures.shape}; prepare the case again")
    corners: Float64 = np.array(record["corners_mm"])
    atlas, solid = Atlas(pictures, grid, view), _read_solid(folder, record)
    return Case(folder.resolve().name, record["digest"], volume, rest, corners, atlas, solid)


def _read_solid(folder: Path, record: dict[str, Any]) -> Solid | None:
    """Return the mesh that a case was made from; None if it was made from a volume, or before meshes were kept."""
    if record.get(_MESH_PER_MM) is None:
        return None
    mesh = Mesh(np.load(folder / "mesh_vertices.npy"), np.load(folder / "mesh_faces.npy"))
    return Solid(mesh, float(record[_MESH_PER_MM]))


def _describe(case: Case, source: str, details: dict[str, Any]) -> dict[str, Any]:
    view, grid = case.atlas.view, case.atlas.grid
    return {
        "schema": _SCHEMA,
        "name": case.name,
        "digest": case.digest,
        "source": source,
        "size_mm": case.size_mm,
        "lps_from_index": case.volume.lps_from_index.tolist(),
        "rest_lps_from_index": None if case.rest is None else case.rest.lps_from_index.tolist(),
        _MESH_PER_MM: None if case.solid is None else case.solid.attenuation_per_mm,
        "corners_mm": case.corners_mm.tolist(),
        "canonical": {
            "centre_mm": view.centre_mm.tolist(),
            "base_rotation": view.base_rotation.tolist(),
            "size_px": view.size_px,
            "field_mm": view.field_mm,
            "range_mm": view.range_mm,
        },
        "grid": asdict(grid),
        **details,
    }
