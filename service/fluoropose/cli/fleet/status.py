"""`fluoropose fleet status` and `fleet drain`: asked of the front door, so that they need no Ray."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from fluoropose.cli.console import console, plain_errors
from fluoropose.cli.fleet.options import Authority, Key

__all__ = ["drain", "status"]

_DONE = {
    "draining": "draining",
    "avoided": "no worker starts any more on",
    "used_again": "workers may start again on",
}
"""What the front door answers, in words."""

Door = Annotated[str, typer.Option("--url", help="The front door.")]


def status(
    url: Door = "http://127.0.0.1:8000",
    key: Key = None,
    authority: Authority = None,
    as_json: Annotated[bool, typer.Option("--json", help="As the front door says it.")] = False,
) -> None:
    """Show the workers of a fleet.

    Example: fluoropose fleet status --url http://127.0.0.1:8000
    """
    with plain_errors():
        told = _ask(url, key, authority)
        if as_json:
            console.print_json(data=told)
        else:
            console.print(fleet_table(told))


def drain(
    name: Annotated[str, typer.Argument(help="A worker's name, or a machine's address for all of its workers.")],
    url: Door = "http://127.0.0.1:8000",
    key: Key = None,
    authority: Authority = None,
    undo: Annotated[bool, typer.Option("--undo", help="Let workers start on the machine again.")] = False,
) -> None:
    """Have a worker, or a machine, give its sessions to others and end; on the machine none starts again.

    Example: fluoropose fleet drain 10.0.0.8
    """
    with plain_errors():
        told = _ask(url, key, authority, drain=name, undo=undo)
        if not any(told.values()):
            from fluoropose.errors import InputError

            expected = "a machine that was drained" if undo else "a worker or a machine of the fleet"
            raise InputError(f"expected {expected}, got {name!r}; see `fluoropose fleet status`")
        for done, names in told.items():
            if names:
                typer.echo(f"{_DONE[done]} {', '.join(names)}")


def fleet_table(told: dict[str, Any]) -> Table:
    """Return the table of what a front door says of its fleet."""
    title = f"{told['started']} workers started, {told['wanted']} wanted; writer: {told['writer'] or 'none now'}"
    if told.get("avoided"):
        title += f"; none starts on {', '.join(told['avoided'])}"
    table = Table("worker", "state", "node", "sessions", "cases", "frame age p99", "version", "restarts", title=title)
    for one in told["workers"]:
        state = (
            "silent" if not one["there"] else "draining" if one["draining"] else "ready" if one["ready"] else "starts"
        )
        table.add_row(
            one["worker"], state, one["node"], f"{one['sessions']} of {one['capacity']}", str(len(one["cases"])),
            f"{one['frame_age_ms']:.0f} ms", one["version"], str(one["restarts"]),
        )  # fmt: skip
    return table


def _ask(url: str, key: str | None, authority: Path | None, drain: str = "", undo: bool = False) -> Any:
    from fluoropose.client.fleet import ask_door

    return ask_door(url, key, authority, drain, undo)
