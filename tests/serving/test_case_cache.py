"""Resident cases: by name, within a budget, the one used longest ago making room."""

from dataclasses import replace

import pytest

from fluoropose.errors import NotReadyError, UnknownCaseError
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.serving.case_cache import CaseCache


@pytest.fixture(scope="module")
def bundle(models_root):
    return load_bundle(models_root / "small")


def named(case, name):
    return replace(case, name=name)


def test_a_case_is_resident_until_it_is_removed(small_case, bundle):
    cache = CaseCache(open_device("cpu", 1))
    resident = cache.add(small_case, bundle)
    assert cache.case("small") is resident
    assert cache.names() == ["small"]
    assert cache.resident_bytes() == resident.size_bytes > cache.atlas_bytes() > 0
    cache.remove("small")
    for look in (cache.case, cache.remove):
        with pytest.raises(UnknownCaseError, match="got 'small'"):
            look("small")


def test_the_case_used_longest_ago_makes_room(small_case, bundle):
    size = CaseCache(open_device("cpu", 1)).add(small_case, bundle).size_bytes
    cache = CaseCache(open_device("cpu", 1), budget_bytes=int(2.5 * size))
    for name in ("a", "b"):
        cache.add(named(small_case, name), bundle)
    cache.case("a")
    cache.add(named(small_case, "c"), bundle)
    assert (cache.names(), cache.evicted) == (["a", "c"], 1)
    with pytest.raises(NotReadyError, match="beside the cases in use"):
        cache.add(named(small_case, "d"), bundle, in_use=("a", "c"))
