"""What the documents promise is what the code has."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.http import errors as problems

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


def used_in(text):
    """Names of our metrics in a text, a histogram's parts and a counter's suffix kept."""
    return set(re.findall(r"\b(?:fluoropose|process)_[a-z0-9_]+", text))


def exported_samples():
    """Every sample name that a scrape can have, labelled metrics without a value included."""
    names = set()
    for family in Metrics().registry.collect():
        suffixes = {"counter": ["_total"], "info": ["_info"], "histogram": ["_bucket", "_sum", "_count"]}
        names.update(family.name + suffix for suffix in suffixes.get(family.type, [""]))
    return names


@pytest.mark.parametrize("name", ["alerts.yaml", "dashboard.json"])
def test_rules_and_dashboard_use_exported_names_only(name):
    text = (ROOT / "deploy" / name).read_text()
    if name.endswith("json"):
        text = " ".join(target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"])
    used = used_in(text)
    assert len(used) > 5
    assert used <= exported_samples()


def test_each_alert_has_a_row_in_the_handbook():
    alerts = set(re.findall(r"alert: (\w+)", (ROOT / "deploy" / "alerts.yaml").read_text()))
    rows = set(re.findall(r"^\| (Fluoropose\w+) \|", (ROOT / "docs" / "operations.md").read_text(), re.M))
    assert alerts == rows


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_wrong(tmp_path):
    for command in (["check", "rules", ROOT / "deploy" / "alerts.yaml"],):
        subprocess.run(["promtool", *map(str, command)], check=True, capture_output=True)
    metrics = Metrics()
    metrics.observe_stages({"decode": 1.0, "queue": 1.0, "preprocess": 1.0, "regress": 1.0, "quality": 1.0}, "plate")
    for name, labels in (("requests", ("http", "a", "200")), ("gpu_power", ("0", "GPU-1")), ("cases_bytes", ("cpu",))):
        getattr(metrics, name).labels(*labels).inc()
    for histogram in (metrics.innovation_mm, metrics.innovation_deg, metrics.similarity, metrics.confidence):
        histogram.labels("plate").observe(0.5)
    found = subprocess.run(["promtool", "check", "metrics"], input=metrics.text(), capture_output=True)
    complaints = (found.stdout + found.stderr).decode().splitlines()
    # Millimetres are what the whole interface speaks; Prometheus would like metres.
    assert [line for line in complaints if "pose_innovation_millimeters" not in line] == []


def test_links_and_pictures_are_there():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"


def test_the_readme_names_the_patent():
    assert "10,235,606" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", ["knee", "plate", "probe"])
def test_the_shipped_models_are_for_the_shipped_objects(name, tmp_path):
    from fluoropose.inference.onnx_runtime import open_device
    from fluoropose.io.bundles import load_bundle
    from fluoropose.io.preparation import prepare_shipped
    from fluoropose.objects.catalogue import OBJECTS
    from fluoropose.serving.case_cache import CaseCache

    case = prepare_shipped(OBJECTS[name], tmp_path / name, progress=lambda done, total: None)
    CaseCache(open_device("cpu", 2)).add(case, load_bundle(ROOT / "models" / name))
