"""The small object resident, and in the place of one that ships."""

import numpy as np
import pytest

from fluoropose.io.bundles import load_bundle
from fluoropose.objects.catalogue import OBJECTS, ShippedObject
from support.cases import SMALL_CHOICE, small_parts, tiny_resident


@pytest.fixture
def small_shipped(monkeypatch):
    """Put the small object into the catalogue."""
    half = np.array([18.0, 10.0, 21.0])
    item = ShippedObject("small", "a test's", small_parts, half, 2.0, SMALL_CHOICE.base_rotation, 0.3, 1200.0, 900.0)
    monkeypatch.setitem(OBJECTS, "small", item)
    return item


@pytest.fixture
def resident(small_case, models_root):
    return tiny_resident(small_case, load_bundle(models_root / "small"))
