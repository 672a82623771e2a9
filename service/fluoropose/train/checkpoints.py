"""Checkpoints of a training: written whole or not at all, read back only by the training that wrote them."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from fluoropose.errors import StorageError

__all__ = ["read_checkpoint", "write_checkpoint"]


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state with its "identity"; where that fails, keep the older checkpoint and raise StorageError."""
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, part)
        os.replace(part, path)
    except (OSError, RuntimeError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StorageError(f"expected to write the checkpoint {path.name}, got: {error}") from error


def read_checkpoint(path: Path, identity: str) -> dict[str, Any] | None:
    """Return the state in a checkpoint of the training with that identity, or None if there is no such checkpoint."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state if state["identity"] == identity else None
