"""`fluoropose evaluate`: what methods, views, sweeps and objects are worth, measured."""

import typer

from fluoropose.cli.evaluate.methods import methods
from fluoropose.cli.evaluate.objects import objects
from fluoropose.cli.evaluate.published import published_app
from fluoropose.cli.evaluate.real import real_app
from fluoropose.cli.evaluate.sweep import sweep
from fluoropose.cli.evaluate.trust import trust
from fluoropose.cli.evaluate.two_views import two_views
from fluoropose.cli.evaluate.universal import universal
from fluoropose.cli.evaluate.universal_weights import universal_weights
from fluoropose.cli.groups import EvaluateGroup

__all__ = ["evaluate_app"]

evaluate_app = typer.Typer(
    cls=EvaluateGroup, no_args_is_help=True,
    help="Measure methods, two views, sweeps, overlapping objects, PEHL as published, and real X-ray video.\n\n"
    "Example: fluoropose evaluate methods plate --methods ours,features --starts 100",
)  # fmt: skip

evaluate_app.command("methods")(methods)
evaluate_app.command("two-views")(two_views)
evaluate_app.command("sweep")(sweep)
evaluate_app.command("objects")(objects)
evaluate_app.command("trust")(trust)
evaluate_app.command("universal")(universal)
evaluate_app.command("universal-weights")(universal_weights)
evaluate_app.add_typer(real_app, name="real")
evaluate_app.add_typer(published_app, name="published")
