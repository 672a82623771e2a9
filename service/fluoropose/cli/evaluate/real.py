"""`fluoropose evaluate real`: real X-ray video, of a knee replacement and of a wrist."""

import typer

from fluoropose.cli.evaluate.knee import knee
from fluoropose.cli.evaluate.wrist import wrist
from fluoropose.cli.evaluate.wrist_agreement import wrist_agreement

__all__ = ["real_app"]

real_app = typer.Typer(
    no_args_is_help=True,
    help="Measure on real biplane X-ray video, which is not shipped.\n\n"
    "Example: fluoropose evaluate real knee --data DATA --out knee",
)

real_app.command("knee")(knee)
real_app.command("wrist")(wrist)
real_app.command("wrist-agreement")(wrist_agreement)
