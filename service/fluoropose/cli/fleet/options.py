"""Options that commands of `fleet` share, and the parts that need Ray."""

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from fluoropose.errors import InputError

__all__ = ["Authority", "Cpus", "Gpus", "Key", "Node", "Token", "part"]

Cpus = Annotated[float, typer.Option("--cpus", min=0.0, help="A worker's cores, as Ray counts them.")]
Gpus = Annotated[float, typer.Option("--gpus", min=0.0, help="A worker's share of a GPU.")]
Node = Annotated[str, typer.Option("--node", help="This machine's address for the others.")]
Token = Annotated[
    Path | None, typer.Option("--ray-token", help="File with a secret of the cluster; needed beyond this machine.")
]

Key = Annotated[str | None, typer.Option("--key", help="An API key.")]
Authority = Annotated[Path | None, typer.Option("--authority", help="Who made the front door's certificate, PEM.")]


def part(name: str) -> Any:
    """Return a module of the fleet that needs Ray, or raise InputError where Ray is not installed."""
    try:
        return importlib.import_module(f"fluoropose.fleet.engine.{name}")
    except ImportError as error:
        raise InputError(f"expected `pip install 'fluoropose[fleet]'`, got: {error}") from error
