"""A case in memory: copies for objects of one kind, and what it says of itself."""

import pytest

from fluoropose.io.bundles import load_bundle
from fluoropose.registration.resident_case import ResidentCase
from support.cases import tiny_resident
from support.steppers import RecordingStepper, recorded_case


@pytest.fixture(scope="module")
def resident(small_case, models_root):
    return tiny_resident(small_case, load_bundle(models_root / "small"))


def test_a_case_that_comes_twice_is_not_held_for_the_other(resident):
    first, second = resident.copy(0), resident.copy(1)
    assert first is resident
    assert second is resident.copy(1)
    assert second is not resident.copy(2)
    assert second.lock is not resident.lock
    assert second.stepper is not resident.stepper
    assert second.case is resident.case


def test_only_a_case_in_a_body_has_renderers_of_both(resident, surrounded_case):
    assert resident.body_renderers is None
    inside = ResidentCase(surrounded_case, RecordingStepper(resident.stepper))
    assert inside.body_renderers.inside is inside.renderer


def test_its_bytes_are_those_of_atlas_and_networks(small_case, models_root, resident):
    models = load_bundle(models_root / "small").models.values()
    networks = sum(model.size_bytes for model in models)
    assert resident.size_bytes == resident.atlas.pictures.nbytes + networks + resident.stepper.cache_bytes
    assert recorded_case(resident, []).size_bytes == small_case.atlas.pictures.nbytes


def test_times_are_counted_with_its_clock(resident):
    assert ResidentCase(resident.case, resident.stepper, clock=lambda: 7).clock() == 7
