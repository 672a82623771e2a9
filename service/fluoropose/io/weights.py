"""Weights on disk from which a training starts: one `.npz` of named arrays for each network."""

from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import StorageError
from fluoropose.io.files import new_folder

__all__ = ["load_weights", "store_weights"]


def store_weights(folder: Path, weights: dict[str, dict[str, NDArray[Any]]]) -> None:
    """Write the arrays of each network, by network and name, whole or not at all."""
    with new_folder(folder, replace=True) as part:
        for stage, arrays in weights.items():
            np.savez_compressed(part / f"{stage}.npz", **arrays)  # type: ignore[arg-type]


def load_weights(folder: Path) -> dict[str, dict[str, NDArray[Any]]]:
    """Return the arrays of each network, by network and name.

    Raises
    ------
    StorageError
        If the folder has no such file, or one cannot be read.
    """
    weights: dict[str, dict[str, NDArray[Any]]] = {}
    for path in sorted(folder.glob("*.npz")):
        try:
            with np.load(BytesIO(path.read_bytes())) as arrays:
                weights[path.stem] = {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError, BadZipFile) as error:
            raise StorageError(f"expected the weights {path.name} in {folder.name}, got: {error}") from error
    if not weights:
        raise StorageError(f"expected weights in {folder.name}, got no .npz file")
    return weights
