"""`fluoropose bench`: speed of this machine, and a service under load."""

import typer

from fluoropose.cli.bench.fleet import fleet
from fluoropose.cli.bench.igtlink import igtlink
from fluoropose.cli.bench.load import load
from fluoropose.cli.bench.speed import speed
from fluoropose.cli.bench.turn import turn
from fluoropose.cli.bench.upload import upload
from fluoropose.cli.groups import BenchGroup

__all__ = ["bench_app"]

bench_app = typer.Typer(
    cls=BenchGroup,
    help="Measure renderers and registration here, or a service under load.\n\n"
    "Example: fluoropose bench speed --object plate",
)

bench_app.command("speed")(speed)
bench_app.command("load")(load)
bench_app.command("fleet")(fleet)
bench_app.command("turn")(turn)
bench_app.command("upload")(upload)
bench_app.command("igtlink")(igtlink)
