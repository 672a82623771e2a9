"""The manifests of a fleet on KubeRay: pods by the schema of Kubernetes, the application by Ray's own."""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from fluoropose.fleet.plan import plan_from_values

FOLDER = Path(__file__).resolve().parents[2] / "deploy/kuberay"
VERSION = "1.31"


@pytest.fixture(scope="module")
def service():
    return yaml.safe_load((FOLDER / "rayservice.yaml").read_text())["spec"]


@pytest.fixture(scope="module")
def pods(service):
    cluster = service["rayClusterConfig"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups]


@pytest.fixture(scope="module")
def config(service):
    return yaml.safe_load(service["serveConfigV2"])


def test_each_resource_is_listed_and_valid():
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert set(listed) == {"rayservice.yaml", "storage.yaml", "network-policy.yaml"}
    for name in ("storage.yaml", "network-policy.yaml"):
        kubernetes_validate.validate(yaml.safe_load((FOLDER / name).read_text()), VERSION, strict=True)


def test_pods_are_valid_probed_and_locked_down(pods):
    for spec in pods:
        kubernetes_validate.validate(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}, VERSION, strict=True
        )
        (container,) = spec["containers"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {"readinessProbe", "livenessProbe"} <= set(container) and "memory" in container["resources"]["limits"]
        assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in container["env"]


def test_the_cluster_asks_for_a_secret_and_scales(service):
    cluster = service["rayClusterConfig"]
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["enableInTreeAutoscaling"]
    (group,) = cluster["workerGroupSpecs"]
    assert group["minReplicas"] < group["maxReplicas"]


def test_the_application_is_one_that_ray_takes(config):
    schema = pytest.importorskip("ray.serve.schema", reason="the extra fleet is not installed")
    parsed = schema.ServeDeploySchema.model_validate(config)
    (application,) = parsed.applications
    module, _, name = application.import_path.partition(":")
    assert callable(getattr(__import__(module, fromlist=[name]), name))


def test_its_values_are_those_of_a_plan(config, service):
    plan = plan_from_values(config["applications"][0]["args"])
    assert plan.ports == (9000, 9099) and plan.keys is not None and plan.behind_proxy
    machine = service["rayClusterConfig"]["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]["resources"]
    assert plan.share.cpus <= float(machine["requests"]["cpu"]), "a worker finds room on a machine"


def test_the_gateway_hashes_the_sessions_name_and_buffers_nothing():
    import re

    resources = yaml.safe_load((FOLDER / "envoy.yaml").read_text())["static_resources"]
    (cluster,) = resources["clusters"]
    assert cluster["lb_policy"] == "RING_HASH"
    manager = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert [one["name"] for one in manager["http_filters"]] == ["envoy.filters.http.router"]
    session, _ = manager["route_config"]["virtual_hosts"][0]["routes"]
    rewrite = session["route"]["hash_policy"][0]["header"]["regex_rewrite"]
    for path in ("/v1/sessions/w1.Ab-_9", "/v1/sessions/w1.Ab-_9/frames", "/v1/sessions/w1.Ab-_9/stream?takeover=1"):
        assert re.fullmatch(session["match"]["safe_regex"]["regex"], path.partition("?")[0])
        assert re.sub(rewrite["pattern"]["regex"], rewrite["substitution"], path) == "w1.Ab-_9"
