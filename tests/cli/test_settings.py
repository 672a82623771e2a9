"""Settings: from the environment, else as they ship."""

from pathlib import Path

from fluoropose.cli.settings import Settings
from fluoropose.io.bundles import shipped_models_root


def test_what_is_not_set_is_as_it_ships(monkeypatch):
    for name in ("DEVICE", "THREADS", "MODELS"):
        monkeypatch.delenv(f"FLUOROPOSE_{name}", raising=False)
    settings = Settings()
    assert (settings.device, settings.threads) == ("auto", 1)
    assert settings.models_root() == shipped_models_root()
    assert (shipped_models_root() / "universal").is_dir()


def test_the_environment_sets(monkeypatch):
    monkeypatch.setenv("FLUOROPOSE_THREADS", "3")
    monkeypatch.setenv("FLUOROPOSE_MODELS", "/models")
    assert Settings().threads == 3
    assert Settings().models_root() == Path("/models")
