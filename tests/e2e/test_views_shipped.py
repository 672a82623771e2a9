"""Two views of the shipped objects: depth that one cannot tell, and an answer where one of the two is useless."""

import numpy as np
import pytest

from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.start_errors import perturb
from fluoropose.evaluation.two_views import PairPlan, simulate_rig
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.io.cases import load_case
from fluoropose.registration.assessment import Status
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.result import FrameView

PLAN = PairPlan((60.0,), (0.0,), (), 6, 3, 21)


class Biplane:
    """One object's resident case and a few instants of a pair of cameras 60 degrees apart."""

    def __init__(self, name, folder):
        self.case = load_case(folder)
        self.resident = load_resident_case(
            self.case, load_bundle(universal_bundle_folder(shipped_models_root(), in_body=False)), open_device("cpu", 1)
        )
        self.rig = simulate_rig(self.case, 60.0, PLAN)

    def views(self, pixels):
        parts = zip(pixels, self.rig.places, ("first", "second"), strict=True)
        return [FrameView(image, PlacedCamera(self.rig.camera, place), name) for image, place, name in parts]

    def register(self, views, start, nearby=False):
        return register(self.resident, views, Plan(start, nearby))

    def error(self, pose, pair):
        first = self.rig.places[0]
        return pose_error(first @ pose, first @ pair.world_from_volume, self.case.corners_mm)

    def start(self, pair, seed):
        first = self.rig.places[0]
        local = perturb(first @ pair.world_from_volume, self.case.pose_frame, np.random.default_rng([9, seed]))
        return inverse(first) @ local


@pytest.fixture(scope="module", params=["plate", "probe"])
def biplane(request, shipped_root):
    return Biplane(request.param, shipped_root / request.param)


def test_two_views_know_the_depth(biplane):
    errors = []
    for n in range(PLAN.starts):
        pair = biplane.rig.pairs[n % 3]
        found = biplane.register(biplane.views(pair.pixels), biplane.start(pair, n))
        assert found.assessment.status is Status.TRACKING
        assert all(view.used for view in found.views)
        errors.append(biplane.error(found.world_from_volume, pair))
    assert np.median([error.mtre_mm for error in errors]) < 0.5
    assert max(error.mtre_mm for error in errors) < 1.5
    assert np.median([error.depth_mm for error in errors]) < 0.2


@pytest.mark.parametrize("nearby", [False, True], ids=["rough", "tracking"])
def test_an_empty_view_is_left_out_and_says_so(biplane, nearby):
    pair = biplane.rig.pairs[0]
    views = biplane.views((pair.pixels[0], pair.empty[1]))
    start = pair.world_from_volume if nearby else biplane.start(pair, 0)
    found, alone = biplane.register(views, start, nearby), biplane.register(views[:1], start, nearby)
    np.testing.assert_array_equal(found.world_from_volume, alone.world_from_volume)
    assert [view.used for view in found.views] == [True, False]
    assert "not seen there" in found.views[1].why
    assert alone.assessment.status is Status.TRACKING
    assert (found.assessment.status, found.reason) == (Status.LOW_CONFIDENCE, "view-left-out")
    assert found.views[1].why in found.reason_text


def test_views_of_two_instants_contradict_each_other(biplane):
    pair = biplane.rig.pairs[0]
    shift = np.eye(4)
    shift[:3, 3] = [0.0, 6.0, 0.0]
    views = biplane.views(pair.pixels)
    moved = PlacedCamera(biplane.rig.camera, biplane.rig.places[1] @ shift)
    found = biplane.register([views[0], FrameView(views[1].pixels, moved, "second")], pair.world_from_volume, True)
    assert [view.used for view in found.views] == [True, False]
    assert found.views[1].why
    assert (found.assessment.status, found.reason) == (Status.LOW_CONFIDENCE, "views-contradict")
    assert biplane.error(found.world_from_volume, pair).in_plane_mm < 0.3


def test_of_three_views_the_two_good_ones_answer(biplane):
    """A third camera half-way between the others shows nothing of the object: the pair answers as if it had not come."""
    pair = biplane.rig.pairs[2]
    views = biplane.views(pair.pixels)
    third = FrameView(pair.empty[0], PlacedCamera(biplane.rig.camera), "third")
    found = biplane.register([*views, third], pair.world_from_volume, True)
    assert [view.used for view in found.views] == [True, True, False]
    both = biplane.register(views, pair.world_from_volume, True)
    np.testing.assert_array_equal(found.world_from_volume, both.world_from_volume)
    assert found.assessment.confidence == both.assessment.confidence


def test_a_pair_is_located_without_a_start(biplane):
    pair = biplane.rig.pairs[1]
    found = biplane.register(biplane.views(pair.pixels), None)
    assert biplane.error(found.world_from_volume, pair).mtre_mm < 1.5
    assert found.timing_ms["locate"] > 0.0
