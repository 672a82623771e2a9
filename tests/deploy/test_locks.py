"""The lock files and the list of components: what is installed is what was locked, each file by its hash."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name):
    """Return the versions by name of a lock file, all of which must have hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line, re.IGNORECASE)]
    assert lines
    assert all("--hash=sha256:" in line for line in lines)
    pairs = [re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", line).groups() for line in lines]
    return {canonical(package): version for package, version in pairs}


@pytest.mark.parametrize("name", ["cpu", "cuda", "test"])
def test_every_dependency_is_locked_by_its_hash(name):
    versions = locked(name)
    wanted = {canonical(re.match(r"[A-Za-z0-9._-]+", line).group()) for line in PROJECT["dependencies"]}
    assert wanted - {"onnxruntime", "onnxruntime-gpu"} <= versions.keys()


def test_the_image_for_cpus_has_the_wheel_for_cpus_alone():
    assert "onnxruntime" in locked("cpu")
    assert "onnxruntime-gpu" not in locked("cpu")
    assert not [name for name in locked("cpu") if name.startswith("nvidia-") and name != "nvidia-ml-py"]
    assert "onnxruntime-gpu" in locked("cuda")
    assert "onnxruntime" not in locked("cuda")


def test_the_list_of_components_is_that_of_the_lock():
    listed = json.loads((ROOT / "deploy/sbom-cpu.json").read_text())
    assert listed["bomFormat"] == "CycloneDX"
    found = {canonical(one["name"]): one["version"] for one in listed["components"]}
    assert found == locked("cpu")


def test_the_image_installs_by_hash_and_never_as_root():
    text = (ROOT / "Dockerfile").read_text()
    for name in ("cpu", "cuda"):
        assert f"pip install --require-hashes --only-binary :all: -r requirements/{name}.txt" in text
    assert text.count("USER 1000") == 2
