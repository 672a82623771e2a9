"""`fluoropose keys`: API keys of the service."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors

__all__ = ["keys_app"]

keys_app = typer.Typer(
    no_args_is_help=True,
    help="API keys of the service, kept as hashes in one file.\n\n"
    "Example: fluoropose keys add console-1 --file keys.json --scope infer",
)

KeyName = Annotated[str, typer.Argument(help="Whose key it is: lower-case letters, digits, hyphens.")]


@keys_app.command("add")
def add_key(
    name: KeyName,
    file: Annotated[Path, typer.Option("--file", help="The file of keys; made if it is not there.")],
    scope: Annotated[list[str], typer.Option("--scope", help="infer, manage, metrics; may be given again.")],
    days: Annotated[int | None, typer.Option("--days", min=1, help="Until it expires; never if not given.")] = None,
) -> None:
    """Make a key and print it: this is the only time it is seen.

    Example: fluoropose keys add console-1 --file keys.json --scope infer
    """
    with plain_errors():
        from fluoropose.serving import api_keys

        typer.echo(api_keys.add_key(file, name, scope, days))


@keys_app.command("remove")
def remove_key(
    name: KeyName,
    file: Annotated[Path, typer.Option("--file", help="The file of keys.")],
) -> None:
    """Remove a key; a running service notices within a second.

    Example: fluoropose keys remove console-1 --file keys.json
    """
    with plain_errors():
        from fluoropose.serving import api_keys

        api_keys.remove_key(file, name)
        console.print(f"removed {name}")
