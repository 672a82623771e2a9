"""`fluoropose fleet join`: one more machine for a fleet."""

from typing import Annotated

import typer

from fluoropose.cli.console import plain_errors
from fluoropose.cli.fleet.options import Node, Token, part

__all__ = ["join"]


def join(
    address: Annotated[str, typer.Argument(help="Of the first machine, HOST:PORT, as `fleet start` printed it.")],
    node: Node = "127.0.0.1",
    cpus: Annotated[int | None, typer.Option("--machine-cpus", help="Cores for the fleet; all if not given.")] = None,
    gpus: Annotated[int | None, typer.Option("--machine-gpus", help="GPUs for the fleet; all if not given.")] = None,
    token: Token = None,
) -> None:
    """Give this machine's cores and GPUs to a fleet until stopped; workers come by themselves.

    Example: fluoropose fleet join 10.0.0.7:6379 --node 10.0.0.8 --ray-token token
    """
    with plain_errors():
        cluster = part("cluster")
        typer.echo(f"joining the fleet at {address}")
        code = cluster.run_node(address, node, token, {"num-cpus": cpus, "num-gpus": gpus})
        if code:
            raise typer.Exit(code)
