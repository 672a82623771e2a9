"""A shipped object as both commands under `bench` register it."""

from fluoropose.cli.environment import prepare_shipped_cases
from fluoropose.cli.settings import Settings
from fluoropose.evaluation.environment import Environment
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.objects.catalogue import shipped_object
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.serving.case_cache import CaseCache

__all__ = ["add_object", "open_cache"]


def open_cache(environment: Environment, cuda_graphs: bool) -> CaseCache:
    """Return an empty cache on the environment's device."""
    return CaseCache(open_device(environment.device, environment.threads, cuda_graphs))


def add_object(cache: CaseCache, object_name: str) -> ResidentCase:
    """Return a shipped object with its shipped model, resident."""
    name = shipped_object(object_name).name
    return cache.add(load_case(prepare_shipped_cases() / name), load_bundle(Settings().models_root() / name))
