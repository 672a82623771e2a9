"""A shipped object as both commands under `bench` register it."""

from typing import Any

from fluoropose.cli.environment import prepare_shipped_cases
from fluoropose.cli.settings import Settings
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.overlap_times import measure_overlap_times
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import find_bundle_folder, load_bundle
from fluoropose.io.cases import load_case
from fluoropose.objects.catalogue import shipped_object
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.serving.case_cache import CaseCache

__all__ = ["add_object", "measure_overlaps", "open_cache"]

_OVERLAPPING = ("knee", "plate", "probe", "plate")
_SIDE_PX = 512


def open_cache(environment: Environment, cuda_graphs: bool) -> CaseCache:
    """Return an empty cache on the environment's device."""
    return CaseCache(open_device(environment.device, environment.threads, cuda_graphs))


def add_object(cache: CaseCache, object_name: str) -> ResidentCase:
    """Return a shipped object with its shipped model, resident."""
    name = shipped_object(object_name).name
    case = load_case(prepare_shipped_cases() / name)
    return cache.add(case, load_bundle(find_bundle_folder(Settings().models_root(), case)))


def measure_overlaps(cache: CaseCache, runs: int, seed: int, environment: Environment) -> list[dict[str, Any]]:
    """Return what registering two and four objects of one frame takes; a case that is there is used as it is."""
    for name in sorted(set(_OVERLAPPING) - set(cache.names())):
        add_object(cache, name)
    return measure_overlap_times([cache.case(name) for name in _OVERLAPPING], runs, seed, _SIDE_PX, environment)
