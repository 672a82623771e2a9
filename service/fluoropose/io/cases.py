"""Cases on disk: a folder with `case.json`, `attenuation.npy`, `atlas.npy` and, if the case has a rest, `rest.npy`.

A case of a mesh has it in `mesh.npz`. `object.png` shows the object to people; no code reads it.
The atlas is memory-mapped. In a case with a rest it holds the rest's pictures after the views of the object.
"""

import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from fluoropose.arrays import Float64
from fluoropose.drr.atlas import Atlas, AtlasGrid, Progress, no_progress
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import ViewChoice, prepare_case
from fluoropose.errors import InputError, StorageError, UnknownCaseError
from fluoropose.geometry.canonical import CanonicalView
from fluoropose.imaging.mesh import Mesh, Solid
from fluoropose.imaging.understanding import Understanding
from fluoropose.imaging.volume import Volume
from fluoropose.io.files import PART_SUFFIX, new_folder, read_json, write_json
from fluoropose.io.object_picture import object_picture
from fluoropose.io.pictures import save_picture

__all__ = [
    "PICTURE_NAME",
    "check_name",
    "list_cases",
    "load_case",
    "read_understanding",
    "read_verification",
    "remove_case",
    "store_case",
    "store_verification",
]

PICTURE_NAME = "object.png"
"""The picture of the object in a case's folder."""

_SCHEMA = 1
_VERIFICATION = "verification.json"
_MESH = "mesh.npz"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def check_name(name: str) -> str:
    """Return the name of a case or model if it is safe as a folder's name, or raise InputError."""
    if not _NAME.fullmatch(name):
        raise InputError(f"a name must be 1 to 64 letters, digits, - or _, got {name[:80]!r}")
    return name


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
    """Prepare a case in its folder, whole or not at all, and return it. The atlas is rendered into the mapped file.

    Raises
    ------
    InputError
        If the folder's name is not safe, or the case exists and `replace` is false.
    StorageError
        If the disk refuses.
    """
    name = check_name(folder.name)
    with new_folder(folder, replace=replace) as part:
        np.save(part / "attenuation.npy", volume.values)
        if rest is not None:
            np.save(part / "rest.npy", rest.values.astype(np.float16))
        if solid is not None:
            vertices_mm, faces = solid.mesh.vertices_mm, solid.mesh.faces.astype(np.int32)
            np.savez(part / _MESH, vertices_mm=vertices_mm, faces=faces, attenuation_per_mm=solid.attenuation_per_mm)
        views: NDArray[Any] = open_memmap(
            part / "atlas.npy",
            mode="w+",
            dtype=np.float16,
            shape=(choice.grid.count * (1 if rest is None else 2), choice.size_px, choice.size_px),
        )
        case = prepare_case(name, source, volume, choice, rest=rest, solid=solid, out=views, progress=progress)
        views.flush()  # type: ignore[attr-defined]
        save_picture(part / PICTURE_NAME, object_picture(volume, case.atlas.view))
        write_json(part / "case.json", _describe(case, source, details or {}))
    return load_case(folder)


def list_cases(root: Path) -> list[str]:
    """Return the names of the complete cases in a folder."""
    if not root.is_dir():
        return []
    folders = (path for path in root.iterdir() if path.is_dir() and not path.name.endswith(PART_SUFFIX))
    return sorted(path.name for path in folders if (path / "case.json").is_file())


def load_case(folder: Path) -> Case:
    """Return a stored case with its atlas mapped from disk. The case's name is the folder's, even after a rename.

    Raises
    ------
    UnknownCaseError
        If there is no case in the folder.
    StorageError
        If one of its files is missing, truncated or of another schema.
    """
    record = _read_record(folder)
    if record.get("schema") != _SCHEMA:
        raise StorageError(f"expected a case of schema {_SCHEMA}, got {record.get('schema')}; prepare it again")
    try:
        return _read(folder, record)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise StorageError(f"expected a complete case in {folder.name}, got: {error}; prepare it again") from error


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
    except (TypeError, KeyError, ValueError) as error:
        raise StorageError(f"expected a complete case in {folder.name}, got: {error}; prepare it again") from error


def remove_case(folder: Path) -> None:
    """Delete a stored case. Its folder is renamed first, so that a deletion that is cut short leaves no listed case."""
    if not folder.is_dir():
        return
    try:
        gone = folder.with_name(folder.name + PART_SUFFIX)
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise StorageError(f"expected to delete {folder.name}, got: {error.strerror or error}") from error


def _read_record(folder: Path) -> dict[str, Any]:
    """Return what a case's `case.json` holds, or raise UnknownCaseError where there is none."""
    if not (folder / "case.json").is_file():
        raise UnknownCaseError(f"expected a case in {folder}, got no case.json there")
    record: dict[str, Any] = read_json(folder / "case.json", "a case")
    return record


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
    atlas, solid = Atlas(pictures, grid, view), _read_solid(folder)
    return Case(folder.resolve().name, record["digest"], volume, rest, corners, atlas, solid)


def _read_solid(folder: Path) -> Solid | None:
    """Return the mesh that a case was made from; None if it was made from a volume, or before meshes were kept."""
    if not (folder / _MESH).is_file():
        return None
    with np.load(folder / _MESH) as kept:
        return Solid(Mesh(kept["vertices_mm"], kept["faces"]), float(kept["attenuation_per_mm"]))


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
