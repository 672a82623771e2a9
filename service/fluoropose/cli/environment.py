"""What commands run on: the settings, the cores there are, and the console that shows progress."""

from pathlib import Path
from typing import Any

from fluoropose.cli.console import print_dim, progress_bar
from fluoropose.cli.settings import Settings
from fluoropose.evaluation.environment import Environment
from fluoropose.parallel import available_cores

__all__ = ["find_case", "here", "prepare_shipped_cases", "write_figures"]


def here(device: str = "", threads: int = 0, cores: int = 0) -> Environment:
    """Return the environment of a command from its options; what is empty or 0 is as set."""
    settings = Settings()
    return Environment(
        device or settings.device, threads or settings.threads, cores or available_cores(), progress_bar, print_dim
    )


def find_case(name: str) -> Path:
    """Return the folder of a case: a shipped object's, prepared if need be, or the folder that was named."""
    from fluoropose.objects.catalogue import OBJECTS

    shipped = name in OBJECTS and not Path(name).exists()
    return prepare_shipped_cases() / name if shipped else Path(name).resolve()


def prepare_shipped_cases() -> Path:
    """Prepare the shipped objects in the cache once and return their folder."""
    from fluoropose.io.cases import list_cases
    from fluoropose.io.preparation import prepare_shipped
    from fluoropose.objects.catalogue import OBJECTS

    root = Settings().cache / "cases-1"
    for name in sorted(set(OBJECTS) - set(list_cases(root))):
        with progress_bar(f"preparing {name}") as report:
            prepare_shipped(OBJECTS[name], root / name, replace=True, progress=report)
    return root


def write_figures(path: Path | None, figures: Any) -> None:
    """Write figures as JSON where a file was asked for."""
    from fluoropose.io.files import write_json

    if path is not None:
        write_json(path, figures)
