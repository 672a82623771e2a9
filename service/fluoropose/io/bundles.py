"""Bundles on disk: `manifest.json` with checksums, one ONNX file per stage, `golden.npz`, `CARD.md`."""

from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.errors import BundleError, InputError
from fluoropose.io.files import PART_SUFFIX, new_folder, read_json, sha256_of, write_json
from fluoropose.registration.regression.bundle import STAGE_NAMES, Bundle, Golden

__all__ = ["list_bundles", "load_bundle", "read_manifest", "shipped_models_root", "store_bundle"]

_SCHEMA = 3
_GOLDEN = ("frame", "homography", "cached", "residuals", "sigmas", "presence")


def store_bundle(folder: Path, bundle: Bundle, card: str, *, replace: bool = True) -> None:
    """Write a bundle, whole or not at all; an older one of the same name stays until the new one is complete."""
    with new_folder(folder, replace=replace) as part:
        for stage, model in bundle.models.items():
            (part / f"{stage}.onnx").write_bytes(model)
        golden = bundle.golden
        np.savez_compressed(part / "golden.npz", **{name: getattr(golden, name) for name in _GOLDEN})
        (part / "CARD.md").write_text(card, encoding="utf-8")
        files = sorted(path.name for path in part.iterdir())
        manifest = {
            "schema": _SCHEMA,
            "name": bundle.name,
            "case_digest": bundle.case_digest,
            "inputs": {
                "frames": "float16 (frames, 1, rows, columns), line integrals",
                "frame_index": "int64 (batch,), the frame of each look",
                "homography": "float32 (batch, 3, 3), canonical pixels to frame coordinates in [-1, 1]",
                "view_index": _looks(bundle),
                "atlas": "float16 (views, 1, size, size), line integrals",
            },
            "outputs": {
                "information": "float32 (batch, 6, 6): of dx, dy, dz in mm, dtheta, dalpha, dbeta in rad",
                "vector": "float32 (batch, 6): the residual is information^-1 vector",
                "presence": "float32 (batch, 1): probability",
            },
            "sha256": {name: sha256_of(part / name) for name in files},
            **bundle.facts,
        }
        write_json(part / "manifest.json", manifest)


def _looks(bundle: Bundle) -> str:
    """Return what `view_index` holds, in words."""
    near = "the cached view and one step up and down in alpha, then in beta"
    if not bundle.surrounded:
        return f"int64 (batch, 5), {near}"
    return f"int64 (batch, 6), {near}, then its surroundings"


def shipped_models_root() -> Path:
    """Return where the bundles that ship are: inside an installed package, or beside `service/` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "models"
    return inside if inside.is_dir() else package.parents[1] / "models"


def list_bundles(root: Path) -> list[str]:
    """Return the names of the complete bundles in a folder."""
    if not root.is_dir():
        return []
    folders = (path for path in root.iterdir() if path.is_dir() and not path.name.endswith(PART_SUFFIX))
    return sorted(path.name for path in folders if (path / "manifest.json").is_file())


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a bundle, or raise BundleError."""
    try:
        manifest = read_json(folder / "manifest.json", "a model's manifest")
    except InputError as error:
        raise BundleError(str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("schema") != _SCHEMA:
        raise BundleError(f"expected a manifest of schema {_SCHEMA} in {folder.name}, got another")
    return manifest


def load_bundle(folder: Path) -> Bundle:
    """Return a stored bundle after checking every file against its checksum.

    Raises
    ------
    BundleError
        If a file is missing, is a link, or differs from its checksum.
    """
    manifest = read_manifest(folder)
    sums = manifest.get("sha256", {})
    for name in (*(f"{stage}.onnx" for stage in STAGE_NAMES), "golden.npz"):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise BundleError(f"expected the file {name} in model {folder.name}, got none")
        if sha256_of(path) != sums.get(name):
            raise BundleError(f"checksum mismatch: {name} of model {folder.name} differs from its manifest")
    models = {stage: (folder / f"{stage}.onnx").read_bytes() for stage in STAGE_NAMES}
    with np.load(folder / "golden.npz") as arrays:
        values = {name: arrays[name] for name in _GOLDEN}
    golden = Golden(**{**values, "presence": float(values["presence"])})
    facts = {key: value for key, value in manifest.items() if key not in ("schema", "name", "case_digest", "sha256")}
    return Bundle(manifest["name"], manifest["case_digest"], models, golden, facts)
