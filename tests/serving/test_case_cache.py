"""Resident cases by name: they come and go, and within a budget the one used longest ago makes room."""

from dataclasses import replace
from itertools import product

import pytest

from fluoropose.errors import NotReadyError, UnknownCaseError
from fluoropose.imaging.xray import FRAME_DTYPES, PixelMeaning
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.prepared_view import prepare_views
from fluoropose.serving import case_cache
from fluoropose.serving.case_cache import CaseCache, warm_up
from support.cases import tiny_resident
from support.steppers import recorded_case, schedule_of


@pytest.fixture(scope="module")
def bundle(models_root):
    return load_bundle(models_root / "small")


@pytest.fixture(scope="module")
def resident(small_case, bundle):
    return tiny_resident(small_case, bundle)


@pytest.fixture
def named(small_case, bundle, resident):
    """Return cases by name with a cache that has room for two of them."""
    cases = {name: replace(small_case, name=name) for name in ("first", "second", "third")}
    cache = CaseCache(open_device("cpu", 1), budget_bytes=2 * resident.size_bytes + resident.size_bytes // 2)
    return cache, cases, lambda name, **how: cache.add(cases[name], bundle, **how)


def test_cases_come_and_go(small_case, bundle, resident):
    cache = CaseCache(open_device("cpu", 1))
    assert cache.names() == []
    added = cache.add(small_case, bundle)
    assert cache.names() == ["small"]
    assert cache.case("small") is added
    assert cache.atlas_bytes() == small_case.atlas.views.nbytes
    assert cache.resident_bytes() == resident.size_bytes
    assert cache.fallback_nodes() == 0
    cache.remove("small")
    for call in (cache.case, cache.remove):
        with pytest.raises(UnknownCaseError, match="small"):
            call("small")


def test_the_case_that_was_used_longest_ago_makes_room(named):
    cache, _, add = named
    add("first")
    add("second")
    cache.case("second")
    cache.case("first")
    add("third")
    assert cache.names() == ["first", "third"]
    assert cache.evicted == 1


def test_a_case_in_use_is_never_evicted(named):
    cache, _, add = named
    add("first")
    add("second")
    cache.case("first")
    cache.case("second")
    add("third", in_use={"first"})
    assert cache.names() == ["first", "third"]
    with pytest.raises(NotReadyError, match="expected room for the .* bytes of case 'second'"):
        add("second", in_use={"first", "third"})
    assert cache.names() == ["first", "third"]


def test_a_case_of_the_same_name_is_replaced_without_another_one_making_room(named):
    cache, _, add = named
    before = add("first")
    add("second")
    after = add("first")
    assert cache.names() == ["first", "second"]
    assert cache.case("first") is after
    assert after is not before
    assert cache.evicted == 0


def test_an_unknown_case_is_told_those_there_are(named):
    cache, _, add = named
    add("first")
    with pytest.raises(UnknownCaseError, match="expected a case of: first; got 'other'"):
        cache.case("other")


def test_a_warm_up_prepares_every_kind_of_frame_and_goes_the_whole_way(resident, monkeypatch):
    visits, kinds = [], set()

    def noting(resident, views, pictures):
        kinds.update((view.pixels.dtype.name, view.meaning) for view in views)
        return prepare_views(resident, views, pictures)

    monkeypatch.setattr(case_cache, "prepare_views", noting)
    warm_up(recorded_case(resident, visits))
    assert kinds == set(product(FRAME_DTYPES, (PixelMeaning.INTENSITY, PixelMeaning.LINE_INTEGRAL)))
    assert {"tracking", "whole"} <= {schedule_of(visit.networks) for visit in visits}
