"""The shipped objects by the universal networks, on frames from outside the method: found, followed, honestly lost."""

import numpy as np
import pytest

from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.start_errors import perturb
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.imaging.xray import PixelMeaning, binning_factor, line_integral_image
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.io.cases import load_case
from fluoropose.objects.catalogue import OBJECTS
from fluoropose.registration.assessment import Status
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.view_agreement import view_similarity
from fluoropose.simulate.run import simulate_frame, simulate_run
from fluoropose.simulate.scenes import case_scene
from fluoropose.tracking.tracker import Tracker
from support.views import one_view

SEED = 31


class Stage:
    """One object's resident case, scene and a short run at 15 frames per second."""

    def __init__(self, name, folder):
        self.case = load_case(folder)
        self.resident = load_resident_case(
            self.case, load_bundle(universal_bundle_folder(shipped_models_root(), in_body=False)), open_device("cpu", 1)
        )
        self.scene, self.motion, self.anatomy = case_scene(self.case, SEED)
        self.run = simulate_run(self.scene, self.motion, self.anatomy, 12, 15.0, SEED)

    def register(self, pixels, plan):
        return register(self.resident, [one_view(pixels, self.scene.camera)], plan)

    def succeeded(self, found, truth):
        error = pose_error(found.camera_from_volume, truth, self.case.corners_mm)
        return error.mtre_proj_mm < 0.01 * self.case.size_mm

    def likeness(self, pixels, pose):
        atlas, camera = self.case.atlas, self.scene.camera
        factor = binning_factor(camera, atlas.view.camera.focal_px)
        image = line_integral_image(pixels, PixelMeaning.INTENSITY, factor)
        return view_similarity(image, align_view(pose, camera.scale_pixels(factor), atlas), atlas)

    def empty_frame(self, seed):
        rng = np.random.default_rng(seed)
        six = self.motion.evaluate(seed) + [4000.0, 0, 0, 0, 0, 0]
        return simulate_frame(self.scene, six, self.anatomy.evaluate(seed), rng)


@pytest.fixture(scope="module", params=list(OBJECTS))
def stage(request, shipped_root):
    return Stage(request.param, shipped_root / request.param)


def test_the_papers_starts_are_found(stage):
    good = []
    for n, frame in enumerate(stage.run[::3] * 5):
        start = perturb(frame.camera_from_volume, stage.case.pose_frame, np.random.default_rng([1, n]))
        good.append(stage.succeeded(stage.register(frame.pixels, Plan(start, False)), frame.camera_from_volume))
    assert np.mean(good) >= 0.85


def test_a_run_is_followed_without_loss(stage):
    tracker = Tracker(stage.run[0].camera_from_volume, stage.case.atlas.view.centre_mm)
    sure = 0
    for n, frame in enumerate(stage.run):
        plan = tracker.plan(n / 15.0)
        found = stage.register(frame.pixels, plan)
        tracker.receive(found.camera_from_volume, found.assessment.status, n / 15.0, plan)
        assert found.assessment.status is not Status.LOST
        sure += found.assessment.status is Status.TRACKING
    assert sure >= 10


def test_a_frame_without_the_object_is_never_a_confident_pose(stage):
    for seed in range(6):
        pixels = stage.empty_frame(seed)
        start = pose_from_six(stage.motion.evaluate(seed), stage.case.pose_frame)
        found = stage.register(pixels, Plan(start, False))
        assert found.assessment.status is not Status.TRACKING
        assert stage.likeness(pixels, found.camera_from_volume) < 0.6


def test_right_poses_look_right(stage):
    for frame in stage.run[::3]:
        assert stage.likeness(frame.pixels, frame.camera_from_volume) > 0.85


def test_a_hopeless_start_is_never_a_confident_wrong_pose(stage):
    frame = stage.run[0]
    six = six_from_pose(frame.camera_from_volume, stage.case.pose_frame)
    for turn in (60.0, -60.0):
        start = pose_from_six(six + [0.3 * stage.case.size_mm, 0, 40.0, turn, 0, 0], stage.case.pose_frame)
        found = stage.register(frame.pixels, Plan(start, False))
        assert found.assessment.status is not Status.TRACKING or stage.succeeded(found, frame.camera_from_volume)


def test_without_a_start_the_object_is_searched_for(stage):
    found = [(stage.register(frame.pixels, Plan(None, False)), frame) for frame in stage.run[::4]]
    for answer, frame in found:
        assert answer.assessment.status is not Status.TRACKING or stage.succeeded(answer, frame.camera_from_volume)
    assert any(stage.succeeded(answer, frame.camera_from_volume) for answer, frame in found)
