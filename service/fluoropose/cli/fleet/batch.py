"""`fluoropose fleet batch`: many trials side by side on the machines of a cluster, one table at the end."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fluoropose.cli.console import console, plain_errors, progress_bar
from fluoropose.cli.environment import write_figures
from fluoropose.cli.fleet.options import Cpus, Gpus, Node, Token, part
from fluoropose.cli.options import Json
from fluoropose.fleet.batch import TrialOutcome, read_trials

__all__ = ["batch", "batch_table"]


def batch(
    trials: Annotated[Path, typer.Argument(help="A command a line: track ... or evaluate ..., in paths all see.")],
    cpus: Cpus = 1.0,
    gpus: Gpus = 0.0,
    retries: Annotated[
        int, typer.Option("--retries", min=0, help="Of a trial that was killed or ended by a fault.")
    ] = 2,
    address: Annotated[str, typer.Option("--address", help="A cluster of Ray; this machine if not given.")] = "",
    node: Node = "127.0.0.1",
    ray_port: Annotated[int, typer.Option("--ray-port", help="Of a cluster that is started here.")] = 6380,
    token: Token = None,
    json_file: Json = None,
) -> None:
    """Run trials of `track` and `evaluate` side by side; a trial that was cut short goes on where it was.

    Example: fluoropose fleet batch trials.txt --address 10.0.0.7:6379 --ray-token ray-token
    """
    with plain_errors():
        listed = read_trials(trials)
        cluster, tasks = part("cluster"), part("tasks")
        folder = trials.resolve().parent
        with cluster.own_or_joined(node, ray_port, token, address), progress_bar("trials") as report:
            outcomes = tasks.run_batch(listed, folder, cpus=cpus, gpus=gpus, retries=retries, report=report)
        console.print(batch_table(outcomes))
        write_figures(json_file, [asdict(one) for one in outcomes])
        if any(one.outcome != "done" for one in outcomes):
            raise typer.Exit(2)


def batch_table(outcomes: list[TrialOutcome]) -> Table:
    """Return the table of all trials."""
    done = sum(one.outcome == "done" for one in outcomes)
    table = Table(
        "line", "command", "outcome", "frames", "statuses", "s", title=f"{done} of {len(outcomes)} trials done"
    )
    for one in outcomes:
        words = " ".join(one.trial.words)
        statuses = one.figures.get("statuses", {})
        counts = "; ".join(
            f"{case}: " + ", ".join(f"{count} {word}" for word, count in found.items())
            for case, found in statuses.items()
        )
        table.add_row(
            str(one.trial.line), words if len(words) <= 48 else f"{words[:47]}…", one.outcome,
            str(one.figures.get("frames", "")), counts or one.complaint, f"{one.seconds:.0f}",
        )  # fmt: skip
    return table
