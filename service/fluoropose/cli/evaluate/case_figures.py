"""What the commands under `evaluate` that take several cases do with each case's figures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fluoropose.cli.environment import find_case, write_figures
from fluoropose.cli.settings import Settings
from fluoropose.errors import InputError
from fluoropose.io.bundles import find_bundle_folder
from fluoropose.io.cases import load_case

__all__ = ["find_cases", "write_case_figures"]


def find_cases(names: list[str], model: Path | None) -> Iterator[tuple[Path, Path]]:
    """Give the folders of each case and its model.

    Raises
    ------
    InputError
        If two cases have one name.
    """
    seen = set()
    for name in names:
        folder = find_case(name)
        if folder.name in seen:
            raise InputError(f"expected cases of different names, got {folder.name} twice")
        seen.add(folder.name)
        own = Settings().models_root() / folder.name
        yield folder, model or (own if own.is_dir() else find_bundle_folder(own.parent, load_case(folder)))


def write_case_figures(path: Path | None, figures: dict[str, Any]) -> None:
    """Write the figures of one case as they are, those of several by name."""
    write_figures(path, next(iter(figures.values())) if len(figures) == 1 else figures)
