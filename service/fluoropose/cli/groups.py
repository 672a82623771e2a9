"""Groups of commands that still understand the forms of the version before, and name the new form on stderr."""

from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["BenchGroup", "EvaluateGroup", "RootGroup"]

RENAMED = {
    "evaluate-views": ("evaluate", "two-views"),
    "evaluate-sweep": ("evaluate", "sweep"),
    "evaluate-objects": ("evaluate", "objects"),
    "paper": ("evaluate", "published"),
}
"""Commands of the version before and where they are now."""


REAL = ("wrist", "wrist-agreement")
"""Studies that were commands of `evaluate` before they came under `evaluate real`."""


class RootGroup(TyperGroup):
    """All commands, and the names that some had before."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command of the first word; put the new words in the place of an old one."""
        if args and args[0] in RENAMED:
            _name_new_form(args[0], " ".join(RENAMED[args[0]]))
            args = [*RENAMED[args[0]], *args[1:]]
        return super().resolve_command(ctx, args)


class EvaluateGroup(TyperGroup):
    """`evaluate`: what is not the name of one of its commands goes to `methods`, as before there were others."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `methods` before words that name no command, and `real` before the studies of real frames."""
        if args and args[0] in REAL:
            _name_new_form(f"evaluate {args[0]}", f"evaluate real {args[0]}")
            args = ["real", *args]
        if args and not _names_command(self, ctx, args[0]):
            _name_new_form("evaluate", "evaluate methods")
            args = ["methods", *args]
        return super().parse_args(ctx, args)


class BenchGroup(TyperGroup):
    """`bench`: without the name of a command it is `load` where a load is given and `speed` elsewhere, as before."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `load` or `speed` before words that name no command."""
        if not args or not _names_command(self, ctx, args[0]):
            loaded = any(word.split("=")[0] == "--load" for word in args)
            command = "load" if loaded else "speed"
            _name_new_form("bench", f"bench {command}")
            args = [command, *args]
        return super().parse_args(ctx, args)


def _names_command(group: TyperGroup, ctx: Any, word: str) -> bool:
    return word in group.commands or word in ctx.help_option_names


def _name_new_form(old: str, new: str) -> None:
    typer.echo(f"note: `fluoropose {old}` is `fluoropose {new}` now; the old form goes with the next version", err=True)
