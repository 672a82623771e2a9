"""`fluoropose audit`: what happened to the cases of a folder."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import plain_errors, print_dim

__all__ = ["audit"]


def audit(
    cases: Annotated[Path, typer.Argument(help="The folder of cases that is or was served.")],
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print who did what to which case, when and from where, once the chain of all entries is checked.

    Example: fluoropose audit cases
    """
    with plain_errors():
        import json

        from fluoropose.errors import InputError
        from fluoropose.io.audit import broken_entry
        from fluoropose.io.register import read_audit
        from fluoropose.serving.case_store import PRIVATE_FOLDER, REGISTER_NAME

        entries = read_audit(cases / PRIVATE_FOLDER / REGISTER_NAME)
        for entry in entries:
            words = [entry.at, entry.who or "-", entry.address or "-", entry.action, entry.what, entry.outcome]
            typer.echo(json.dumps(asdict(entry)) if json_lines else "  ".join([f"{entry.number:6d}", *words]).rstrip())
        broken = broken_entry(entries)
        if broken is not None:
            raise InputError(f"expected a chain of {len(entries)} entries, got one that is broken at entry {broken}")
        last = entries[-1].digest if entries else "none"
        print_dim(f"{len(entries)} entries, the chain is whole; the last hash is {last}")
