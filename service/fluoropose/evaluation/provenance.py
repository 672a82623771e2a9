"""Where figures come from: machine, versions, commit."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fluoropose import __version__
from fluoropose.evaluation.metrics.summary import machine_name
from fluoropose.parallel import available_cores

__all__ = ["provenance"]

_PACKAGES = ("numpy", "scipy", "numba", "onnxruntime", "onnxruntime-gpu", "cma")


def provenance() -> dict[str, Any]:
    """Return machine, usable cores, versions of what computes, and the commit if this is a checkout."""
    versions = {"python": platform.python_version(), "fluoropose": __version__}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"machine": machine_name(), "cores": available_cores(), "versions": versions, "commit": _commit()}


def _commit() -> str | None:
    """Return the checkout's commit, "-dirty" after it where files differ from it; None outside a checkout."""
    here = Path(__file__).resolve().parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
