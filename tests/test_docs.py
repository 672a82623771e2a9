"""What the documents promise is what the code has."""

import re
from pathlib import Path

import pytest

from fluoropose.api import problems
from fluoropose.telemetry.metrics import Metrics

ROOT = Path(__file__).resolve().parents[1]


def test_documented_metrics_are_the_exported_ones():
    documented = set(re.findall(r"^\| `(fluoropose_\w+)`", (ROOT / "docs" / "operations.md").read_text(), re.M))
    exported = set()
    for family in Metrics().registry.collect():
        if family.name.startswith("fluoropose_"):
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            exported.add(family.name + suffix)
    assert documented == exported


def test_documented_problems_are_the_known_ones():
    table = (ROOT / "docs" / "api.md").read_text().split("## Errors")[1]
    documented = {
        code for row in re.findall(r"^\| (`[^|]*) \|", table, re.M) for code in re.findall(r"`([\w-]+)`", row)
    }
    assert documented == set(problems._TABLE)


def test_links_and_pictures_are_there():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"


def test_the_readme_names_the_patent():
    assert "10,235,606" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", ["knee", "plate", "probe"])
def test_the_shipped_models_are_for_the_shipped_objects(name, tmp_path):
    from fluoropose.cli.inputs import prepare_shipped
    from fluoropose.io.bundles import load_bundle
    from fluoropose.objects.catalogue import OBJECTS
    from fluoropose.runtime.engine import Engine
    from fluoropose.runtime.ort import open_device

    case = prepare_shipped(OBJECTS[name], tmp_path / name, progress=lambda done, total: None)
    Engine(open_device("cpu", 2)).add(case, load_bundle(ROOT / "models" / name))
