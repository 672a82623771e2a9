"""The command line. Each command checks its input, says what it does, and ends with 0 only if it did it."""

from typing import Annotated

import typer

import fluoropose
from fluoropose.cli.audit import audit
from fluoropose.cli.bench.app import bench_app
from fluoropose.cli.check import check
from fluoropose.cli.demo import demo
from fluoropose.cli.evaluate.app import evaluate_app
from fluoropose.cli.fleet.app import fleet_app
from fluoropose.cli.geometry import geometry_app
from fluoropose.cli.groups import RootGroup
from fluoropose.cli.igtlink import igtlink
from fluoropose.cli.keys import keys_app
from fluoropose.cli.prepare import prepare
from fluoropose.cli.register import register
from fluoropose.cli.render import render
from fluoropose.cli.replay import replay
from fluoropose.cli.serve import serve
from fluoropose.cli.stream import stream
from fluoropose.cli.track import track
from fluoropose.cli.train import train

__all__ = ["app"]

app = typer.Typer(
    cls=RootGroup, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False,
    help="Six-degree-of-freedom pose of a CT's object in X-ray fluoroscopy, in real time.\n\n"
    "Example: fluoropose demo --object knee",
)  # fmt: skip


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"fluoropose {fluoropose.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Six-degree-of-freedom pose of a CT's object in X-ray fluoroscopy, in real time.

    Example: fluoropose demo --object knee
    """


for command in (prepare, check, train, serve, stream, igtlink, replay, register, track, render, demo, audit):
    app.command()(command)
app.add_typer(geometry_app, name="geometry")
app.add_typer(keys_app, name="keys")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(bench_app, name="bench")
app.add_typer(fleet_app, name="fleet")
