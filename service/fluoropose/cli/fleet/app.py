"""The commands of `fluoropose fleet`."""

import typer

from fluoropose.cli.fleet.batch import batch
from fluoropose.cli.fleet.join import join
from fluoropose.cli.fleet.start import start
from fluoropose.cli.fleet.status import drain, status

__all__ = ["fleet_app"]

fleet_app = typer.Typer(
    no_args_is_help=True,
    help="Several services as one, on Ray (extra: fleet).\n\nExample: fluoropose fleet start --cases cases --workers 3",
)
for command in (start, join, status, drain, batch):
    fleet_app.command()(command)
