"""Bundles on disk: a folder with `manifest.json`, the networks' graphs and weights, `golden.npz` and `CARD.md`.

Each network has three files: `coarse.onnx` warps the frame itself, `coarse-warped.onnx` takes the warped frame, and
`coarse.weights` holds the large arrays of all as ONNX external data. Newer ones have the warped graph in two parts too:
`coarse-channels.onnx` is what cached views contribute to its first convolution, `coarse-beside.onnx` the rest. The
manifest has the checksum of every file.
"""

from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.drr.case import Case
from fluoropose.errors import BundleError, InputError
from fluoropose.io.files import is_part, new_folder, read_json, sha256_of, write_json
from fluoropose.registration.regression.bundle import STAGE_NAMES, Bundle, Golden, NetworkGraphs, weights_file

__all__ = [
    "describe_inputs",
    "find_bundle_folder",
    "list_bundles",
    "load_bundle",
    "read_manifest",
    "shipped_models_root",
    "store_bundle",
    "universal_bundle_folder",
]

_SCHEMA = 4
_GOLDEN = ("frame", "homography", "cached", "residuals", "sigmas", "presence")
_MANIFEST_ONLY = ("schema", "name", "case_digest", "sha256")


def store_bundle(folder: Path, bundle: Bundle, card: str, *, replace: bool = True) -> None:
    """Write a bundle, whole or not at all; an older one of the same name stays until the new one is complete."""
    with new_folder(folder, replace=replace) as part:
        for stage, network in bundle.models.items():
            _write_network(part, stage, network)
        golden = bundle.golden
        np.savez_compressed(part / "golden.npz", **{name: getattr(golden, name) for name in _GOLDEN})
        (part / "CARD.md").write_text(card, encoding="utf-8")
        files = sorted(path.name for path in part.iterdir())
        manifest = {
            "schema": _SCHEMA,
            "name": bundle.name,
            "case_digest": bundle.case_digest,
            "inputs": describe_inputs(surrounded=bundle.surrounded),
            "outputs": {
                "information": "float32 (batch, 6, 6): of dx, dy, dz in mm, dtheta, dalpha, dbeta in rad",
                "vector": "float32 (batch, 6): the residual is information^-1 vector",
                "presence": "float32 (batch, 1): probability",
            },
            "sha256": {name: sha256_of(part / name) for name in files},
            **bundle.facts,
        }
        write_json(part / "manifest.json", manifest)


def describe_inputs(*, surrounded: bool) -> dict[str, str]:
    """Return what each input of the graphs holds, in words, for networks that see surroundings or none."""
    looks = "the cached view and one step up and down in alpha, then in beta"
    seen = f"int64 (batch, 6), {looks}, then its surroundings" if surrounded else f"int64 (batch, 5), {looks}"
    return {
        "frames": "float16 (frames, 1, rows, columns), line integrals",
        "frame_index": "int64 (batch,), the frame of each look",
        "homography": "float32 (batch, 3, 3), canonical pixels to frame coordinates in [-1, 1]",
        "warped": "float32 (batch, 1, size, size), warped frames; the -warped graph takes it in place of these three",
        "view_index": seen,
        "atlas": "float16 (views, 1, size, size), line integrals",
    }


def shipped_models_root() -> Path:
    """Return where the bundles that ship are: inside an installed package, or beside `service/` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "models"
    return inside if inside.is_dir() else package.parents[1] / "models"


def universal_bundle_folder(root: Path, *, in_body: bool) -> Path:
    """Return the folder of the networks that serve any case, for objects alone or for objects in a body.

    A folder of models without them uses those that ship.

    Raises
    ------
    BundleError
        If there are none in either place.
    """
    part = "body" if in_body else "alone"
    for place in (root, shipped_models_root()):
        folder = place / "universal" / part
        if (folder / "manifest.json").is_file():
            return folder
    raise BundleError(f"expected the universal networks in {root.name}/universal/{part}, got none")


def find_bundle_folder(root: Path, case: Case) -> Path:
    """Return the folder of the networks for a case: its own in `root`, that of its name first, else the universal ones.

    A manifest that cannot be used concerns only the case of its folder's name, or the one that it names.

    Raises
    ------
    BundleError
        If the manifest of the case's networks cannot be used, or there are no universal networks.
    """
    own = [name for name in list_bundles(root) if name == case.name or _named_case(root / name) == case.digest]
    fitting = [name for name in own if read_manifest(root / name).get("case_digest") == case.digest]
    if fitting:
        return root / (case.name if case.name in fitting else fitting[0])
    return universal_bundle_folder(root, in_body=case.rest is not None)


def list_bundles(root: Path) -> list[str]:
    """Return the names of the complete bundles in a folder."""
    if not root.is_dir():
        return []
    folders = (path for path in root.iterdir() if path.is_dir() and not is_part(path))
    return sorted(path.name for path in folders if (path / "manifest.json").is_file())


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a bundle.

    Raises
    ------
    BundleError
        If there is no manifest, or it is of another schema.
    """
    try:
        manifest = read_json(folder / "manifest.json", "a model's manifest")
    except InputError as error:
        raise BundleError(str(error)) from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if schema != _SCHEMA:
        raise BundleError(
            f"model {folder.name} has a manifest of schema {schema}, this version reads {_SCHEMA}: train again with "
            "`fluoropose train`"
        )
    return manifest


def load_bundle(folder: Path) -> Bundle:
    """Return a stored bundle after checking every file against its checksum.

    Raises
    ------
    BundleError
        If a file is missing, is a link, or differs from its checksum, or the manifest lacks what it should hold.
    """
    manifest = read_manifest(folder)
    sums = _checksums(folder, manifest)
    parts = [name for stage in STAGE_NAMES for name in _part_files(stage) if name in sums]
    for name in (*(name for stage in STAGE_NAMES for name in _network_files(stage)), *parts, "golden.npz"):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise BundleError(f"expected the file {name} in model {folder.name}, got none")
        if sha256_of(path) != sums.get(name):
            raise BundleError(f"checksum mismatch: {name} of model {folder.name} differs from its manifest")
    models = {stage: _read_network(folder, stage, sums) for stage in STAGE_NAMES}
    golden = _read_golden(folder)
    facts = {key: value for key, value in manifest.items() if key not in _MANIFEST_ONLY}
    return Bundle(manifest["name"], manifest["case_digest"], models, golden, facts)


def _named_case(folder: Path) -> object:
    """Return the digest of the case that a manifest names, whatever its schema; None if it names none."""
    try:
        manifest = read_json(folder / "manifest.json", "a model's manifest")
    except InputError:
        return None
    return manifest.get("case_digest") if isinstance(manifest, dict) else None


def _checksums(folder: Path, manifest: dict[str, Any]) -> dict[str, str]:
    """Return the checksums in a manifest by file, or raise BundleError if they or its names are no texts."""
    sums = manifest.get("sha256")
    named = all(isinstance(manifest.get(key), str) for key in ("name", "case_digest"))
    if not named or not isinstance(sums, dict) or not all(isinstance(value, str) for value in sums.values()):
        raise BundleError(
            f"expected a manifest of model {folder.name} with the texts name, case_digest and sha256 (by file), got "
            "another: train again with `fluoropose train`"
        )
    return sums


def _read_golden(folder: Path) -> Golden:
    """Return the golden vectors, whose file fits its checksum, or raise BundleError if it holds others."""
    try:
        with np.load(folder / "golden.npz") as arrays:
            values = {name: arrays[name] for name in _GOLDEN}
        return Golden(**{**values, "presence": float(values["presence"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"expected golden vectors in model {folder.name}, got: {error!r}") from error


def _network_files(stage: str) -> tuple[str, str, str]:
    """Return the names of the full graph, the warped graph and the weights of one network."""
    return f"{stage}.onnx", f"{stage}-warped.onnx", weights_file(stage)


def _part_files(stage: str) -> tuple[str, str]:
    """Return the names of the two parts of the warped graph of one network, which older bundles have not."""
    return f"{stage}-channels.onnx", f"{stage}-beside.onnx"


def _write_network(folder: Path, stage: str, network: NetworkGraphs) -> None:
    full, warped, _ = _network_files(stage)
    files = {full: network.full, warped: network.warped, **network.weights}
    if network.in_parts:
        files |= dict(zip(_part_files(stage), (network.channels, network.beside), strict=True))
    for name, data in files.items():
        (folder / name).write_bytes(data)


def _read_network(folder: Path, stage: str, sums: dict[str, str]) -> NetworkGraphs:
    full, warped, weights = ((folder / name).read_bytes() for name in _network_files(stage))
    names = _part_files(stage)
    parts = [(folder / name).read_bytes() for name in names] if all(name in sums for name in names) else [b"", b""]
    return NetworkGraphs(full, warped, {weights_file(stage): weights}, *parts)
