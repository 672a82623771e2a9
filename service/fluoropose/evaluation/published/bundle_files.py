"""Bundles of PEHL as published: `manifest.json` with checksums, an ONNX file per zone and group, `zones.npz`."""

from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.errors import BundleError, InputError
from fluoropose.evaluation.published.bundle import GoldenPair, PublishedBundle, ZoneModels
from fluoropose.evaluation.published.plan import Zone, variant_named
from fluoropose.io.files import new_folder, read_json, sha256_of, write_json

__all__ = ["load_published_bundle", "store_published_bundle"]

_KIND, _SCHEMA = "paper", 1


def store_published_bundle(folder: Path, bundle: PublishedBundle) -> None:
    """Write a bundle, whole or not at all; an older one of the same name stays until the new one is complete."""
    with new_folder(folder, replace=True) as part:
        arrays: dict[str, Any] = {}
        for item in bundle.zones:
            arrays[f"{item.zone.name}/points_mm"] = item.points_mm
            for group, model in item.models.items():
                (part / f"{item.zone.name}-{group}.onnx").write_bytes(model)
                arrays[f"{item.zone.name}/{group}/residual"] = item.golden[group].residual
                arrays[f"{item.zone.name}/{group}/update"] = item.golden[group].update
        np.savez_compressed(part / "zones.npz", **arrays)
        manifest = {
            "kind": _KIND,
            "schema": _SCHEMA,
            "name": bundle.name,
            "case_digest": bundle.case_digest,
            "variant": bundle.variant.name,
            "groups": {group.name: list(group.parameters) for group in bundle.variant.groups},
            "zones": [_describe(item) for item in bundle.zones],
            "inputs": {"residuals": "float32 (batch, points, size, size), DRR minus X-ray patches, normalised"},
            "outputs": {"update": "float32 (batch, parameters of the group), mm and degrees, along the patches' axes"},
            "sha256": {path.name: sha256_of(path) for path in sorted(part.iterdir())},
            **bundle.facts,
        }
        write_json(part / "manifest.json", manifest)


def load_published_bundle(folder: Path) -> PublishedBundle:
    """Return a stored bundle after checking every file against its checksum.

    Raises
    ------
    BundleError
        If it is no such bundle, or a file is missing, is a link, or differs from its checksum.
    """
    try:
        manifest = read_json(folder / "manifest.json", "the manifest of a model as published")
        if not isinstance(manifest, dict) or (manifest.get("kind"), manifest.get("schema")) != (_KIND, _SCHEMA):
            raise BundleError(f"expected a model as published, schema {_SCHEMA}, in {folder.name}, got another")
        variant = variant_named(manifest["variant"])
        names = [f"{zone['name']}-{group.name}.onnx" for zone in manifest["zones"] for group in variant.groups]
        for name in (*names, "zones.npz"):
            _check(folder, name, manifest["sha256"].get(name))
        with np.load(folder / "zones.npz") as arrays:
            zones = tuple(_zone(folder, zone, [g.name for g in variant.groups], arrays) for zone in manifest["zones"])
    except (InputError, KeyError, TypeError) as error:
        raise BundleError(f"expected a complete model as published in {folder.name}, got: {error}") from error
    return PublishedBundle(manifest["name"], manifest["case_digest"], variant, zones)


def _describe(item: ZoneModels) -> dict[str, Any]:
    return {
        "name": item.zone.name,
        "row": item.zone.row,
        "column": item.zone.column,
        "half_deg": item.zone.half_deg,
        "points": len(item.points_mm),
        "side_mm": item.side_mm,
        "size_px": item.size_px,
    }


def _zone(folder: Path, record: dict[str, Any], groups: list[str], arrays: Any) -> ZoneModels:
    name = record["name"]
    return ZoneModels(
        Zone(record["row"], record["column"], record["half_deg"]),
        arrays[f"{name}/points_mm"],
        record["side_mm"],
        record["size_px"],
        {group: (folder / f"{name}-{group}.onnx").read_bytes() for group in groups},
        {group: GoldenPair(arrays[f"{name}/{group}/residual"], arrays[f"{name}/{group}/update"]) for group in groups},
    )


def _check(folder: Path, name: str, expected: str | None) -> None:
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise BundleError(f"expected the file {name} in model {folder.name}, got none")
    if sha256_of(path) != expected:
        raise BundleError(f"checksum mismatch: {name} of model {folder.name} differs from its manifest")
