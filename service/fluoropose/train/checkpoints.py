"""Checkpoints of a training: written whole or not at all, read back only by the training that wrote them."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fluoropose.errors import StorageError

__all__ = ["read_checkpoint", "restore_training", "write_checkpoint", "write_training"]


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


def write_training(
    path: Path,
    identity: str,
    net: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    rng: np.random.Generator,
    progress: dict[str, Any],
) -> None:
    """Write the whole state of a training, with the `progress` that it keeps of its own.

    Raises
    ------
    StorageError
        As `write_checkpoint`.
    """
    state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "rng": rng.bit_generator.state}
    write_checkpoint(path, {**state, **progress, "identity": identity})


def restore_training(
    path: Path, identity: str, net: torch.nn.Module, optimiser: torch.optim.Optimizer, rng: np.random.Generator
) -> dict[str, Any] | None:
    """Put the state of `write_training` into its three parts and return the rest; None: there is no such checkpoint."""
    state = read_checkpoint(path, identity)
    if state is None:
        return None
    net.load_state_dict(state["net"])
    optimiser.load_state_dict(state["optimiser"])
    rng.bit_generator.state = state["rng"]
    return state
