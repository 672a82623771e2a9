"""What deploy/ renders is valid by the schemas of its tools, and says what the pages promise."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
VERSION = "1.31"


def rendered(variant):
    """The manifests that `kubectl kustomize` makes."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not here")
    text = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "kubernetes" / variant)], capture_output=True, check=True, text=True
    ).stdout
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


@pytest.mark.parametrize("path", sorted((DEPLOY / "kubernetes/base").glob("*.yaml")), ids=lambda path: path.name)
def test_each_manifest_is_valid_by_the_schema_of_kubernetes(path):
    document = yaml.safe_load(path.read_text())
    if document["kind"] == "Kustomization":
        assert set(document["resources"]) == {one.name for one in path.parent.glob("*.yaml")} - {path.name}
        return
    if document["kind"] == "Deployment":  # the labels come from the kustomization
        labels = {"app.kubernetes.io/name": "fluoropose"}
        document["spec"]["selector"] = {"matchLabels": labels}
        document["spec"]["template"]["metadata"] = {"labels": labels}
    kubernetes_validate.validate(document, VERSION, strict=True)


@pytest.mark.parametrize("variant", ["base", "gpu"])
def test_the_rendered_manifests_are_valid_and_locked_down(variant):
    documents = rendered(variant)
    for document in documents.values():
        kubernetes_validate.validate(document, VERSION, strict=True)
    pod = documents["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {f"{name}Probe" for name in ("startup", "liveness", "readiness")} <= set(container)
    limits = container["resources"]["limits"]
    assert "memory" in limits
    assert limits.get("nvidia.com/gpu") == (1 if variant == "gpu" else None)
    assert ("--device=cuda" in container["args"]) is (variant == "gpu")
    assert documents["NetworkPolicy"]["spec"]["egress"] == []
    for kind in ("NetworkPolicy", "PodDisruptionBudget"):
        spec = documents[kind]["spec"]
        selector = spec.get("podSelector") or spec["selector"]
        assert selector == {"matchLabels": {"app.kubernetes.io/name": "fluoropose"}}


def test_every_alert_has_its_line_in_the_reference_and_watches_a_metric_that_there_is():
    from fluoropose.telemetry.metrics import Metrics

    page = (DEPLOY.parent / "docs/reference/operations.md").read_text()
    known = Metrics().text().decode()
    rules = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"][0]["rules"]
    names = [rule["alert"] for rule in rules]
    assert {"FluoroposeDown", "FluoroposeNotScraped", "FluoroposeStuck", "FluoroposeEngineStuck"} <= set(names)
    for rule in rules:
        assert f"| {rule['alert']} |" in page, rule["alert"]
        for metric in re.findall(r"fluoropose_[a-z_]+", rule["expr"]):
            assert re.sub(r"_(total|bucket)$", "", metric) in known, metric


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("promtool", ["check", "rules", "alerts.yaml"]),
        ("amtool", ["check-config", "alertmanager.yaml"]),
        ("systemd-analyze", ["verify", "--man=no", "systemd/fluoropose.service"]),
    ],
)
def test_the_tools_own_check_accepts_the_files(tool, words):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not here")
    done = subprocess.run([tool, *words], cwd=DEPLOY, capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert done.returncode == 0 or not complaints, done.stdout + done.stderr


def test_compose_mounts_cases_and_models_and_alerts_reach_their_manager():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    service = compose["services"]["fluoropose"]
    mounted = {volume.rsplit(":/", 1)[1].split(":")[0] for volume in service["volumes"]}
    assert {"cases", "models"} <= mounted
    assert service["read_only"]
    scraped = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())
    (manager,) = scraped["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert manager.split(":")[0] in compose["services"]
    jobs = [job["job_name"] for job in scraped["scrape_configs"]]
    assert jobs == ["fluoropose"]
    assert 'job="fluoropose"' in json.dumps((DEPLOY / "alerts.yaml").read_text()).replace('\\"', '"')
