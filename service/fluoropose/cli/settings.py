"""The only reader of the environment: variables named FLUOROPOSE_..., each also an option of `serve`."""

from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict

from fluoropose.io.bundles import shipped_models_root

__all__ = ["Settings"]


class Settings(BaseSettings):
    """Defaults of all commands; `docs/reference/operations.md` lists them.

    `threads` is ONNX Runtime's: a step takes half a millisecond, and a second thread gained nothing measurable on two
    cores, where it is better left to the transport and to a second case. `worker` is set by a fleet for its workers.
    """

    model_config = SettingsConfigDict(env_prefix="FLUOROPOSE_", extra="ignore")

    device: str = "auto"
    threads: int = 1
    cuda_graphs: bool = False
    renderer: str = "auto"
    cache: Path = Path.home() / ".cache" / "fluoropose"

    models: Path | None = None
    keys: Path | None = None
    allow_host: str = ""
    allow_origin: str = ""
    traces: str = ""
    worker: dict[str, Any] | None = None

    def allowed(self, name: str) -> list[str]:
        """Return the setting `allow_host` or `allow_origin`, which is written with commas, as a list."""
        return [part.strip() for part in str(getattr(self, name)).split(",") if part.strip()]

    def models_root(self) -> Path:
        """Return the folder of models: what was set, or the ones that ship."""
        return self.models or shipped_models_root()
