"""A turn has the frames that its speed and rate give; a case without a cache of views is refused."""

import numpy as np
import pytest

from fluoropose.drr.prepare import open_view_cache
from fluoropose.drr.view_cache import CacheSettings
from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.turning import TurnPlan, measure_turn
from fluoropose.io.bundles import load_bundle
from support.cases import tiny_resident

ENVIRONMENT = Environment(device="cpu", threads=1, cores=1)


def test_a_turn_has_a_frame_at_each_end():
    assert TurnPlan(120.0, 60.0, 30.0).frames == 61
    assert TurnPlan(10.0, 20.0, 10.0).frames == 6


def test_a_turn_is_measured_frame_by_frame(small_case, models_root):
    resident = tiny_resident(small_case, load_bundle(models_root / "small"))
    resident.atlas = open_view_cache(small_case, CacheSettings(), 2.0)
    figures = measure_turn(resident, TurnPlan(4.0, 60.0, 60.0, side_px=96), ENVIRONMENT)
    assert figures["frames"] == sum(figures["statuses"].values()) == 5
    assert 0.0 < figures["frame_ms"]["p50"] <= figures["frame_ms"]["max"]
    assert figures["views"]["held"] > 0
    assert figures["bytes"]["pictures"] <= figures["bytes"]["budget"]
    assert np.isfinite(figures["mtre_proj_mm"]["max"])


def test_a_case_without_a_cache_is_refused(small_case, models_root):
    resident = tiny_resident(small_case, load_bundle(models_root / "small"))
    resident.atlas = small_case.atlas
    with pytest.raises(InputError, match="expected a case with a cache of views"):
        measure_turn(resident, TurnPlan(), ENVIRONMENT)
