"""The only reader of the environment: variables named FLUOROPOSE_..., each also an option of `serve`."""

import os
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings", "available_cores", "shipped_models_root"]


class Settings(BaseSettings):
    """Defaults of all commands; `docs/reference/operations.md` lists them.

    `threads` is ONNX Runtime's: a step takes half a millisecond, and a second thread gained nothing measurable on two
    cores, where it is better left to the transport and to a second case.
    """

    model_config = SettingsConfigDict(env_prefix="FLUOROPOSE_", extra="ignore")

    device: str = "auto"
    threads: int = 1
    cuda_graphs: bool = False
    cache: Path = Path.home() / ".cache" / "fluoropose"

    models: Path | None = None
    keys: Path | None = None

    def models_root(self) -> Path:
        """Return the folder of models: what was set, or the ones that ship."""
        return self.models or shipped_models_root()


def available_cores() -> int:
    """Return the cores this process may use, cgroup quota included; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return max(1, cores)
    return max(1, min(cores, int(quota) // int(period))) if quota.isdigit() else max(1, cores)


def shipped_models_root() -> Path:
    """Return where the bundles that ship are: inside an installed package, or beside `service/` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "models"
    return inside if inside.is_dir() else package.parents[1] / "models"
