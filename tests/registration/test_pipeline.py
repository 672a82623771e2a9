"""The whole way of a frame with a tiny model: the same numbers again, times, refusals, which refinement is taken."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import FrameError
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
from fluoropose.registration.pipeline import assess_refined, refine, register, regress, regress_coarsely, surer_of
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import prepare_views
from fluoropose.registration.refinement.costs.two_body import BodyRenderers
from fluoropose.registration.refinement.sequence import (
    ClutterInputs,
    refine_by_edges,
    refine_in_body,
    refine_in_clutter,
)
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE, TRACKING_SCHEDULE
from fluoropose.registration.result import AssessedPose
from support.cases import tiny_bundle, tiny_resident
from support.renderers import CountingRenderer
from support.shots import believed
from support.steppers import recorded_case, schedule_of
from support.views import one_view, rig_places


@pytest.fixture(scope="module")
def resident(small_case, models_root):
    return tiny_resident(small_case, load_bundle(models_root / "small"), threads=2)


@pytest.fixture(scope="module")
def inside(surrounded_case, tmp_path_factory):
    """An object in a body, whose networks are sure that they see it, and renderers that count."""
    loaded = tiny_resident(surrounded_case, tiny_bundle(surrounded_case, tmp_path_factory.mktemp("inside")))
    inside = recorded_case(loaded, [], presence=1.0)
    both = inside.body_renderers
    inside.body_renderers = BodyRenderers(CountingRenderer(both.inside), CountingRenderer(both.rest))
    return inside


def test_the_same_frame_gives_the_same_pose_to_the_last_bit(resident, camera, frame, pose):
    view = one_view(frame, camera)
    found = [register(resident, [view], Plan(pose, nearby)).camera_from_volume for nearby in (False, True) * 2]
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])


def test_inverted_pixels_mean_the_same(resident, camera, frame, pose):
    plain = register(resident, [one_view(frame, camera)], Plan(pose, False))
    turned = (frame.max() - frame).astype(np.uint16)
    inverted = register(resident, [one_view(turned, camera, inverted=True)], Plan(pose, False))
    # The darkest pixel is black when turned, which depth feels; what the picture shows is the same.
    apart = pose_error(inverted.camera_from_volume, plain.camera_from_volume, resident.case.corners_mm)
    assert apart.in_plane_mm < 0.1
    assert apart.mtre_proj_mm < 0.4


def test_line_integrals_are_taken_as_they_are(resident, camera, frame, pose):
    """They are those of the frame's intensities: the same picture by another meaning of its pixels."""
    plain = register(resident, [one_view(frame, camera)], Plan(pose, False))
    lines = -np.log(np.maximum(frame.astype(np.float32), 1.0) / frame.max())
    given = register(resident, [one_view(lines, camera, meaning=PixelMeaning.LINE_INTEGRAL)], Plan(pose, False))
    apart = pose_error(given.camera_from_volume, plain.camera_from_volume, resident.case.corners_mm)
    assert apart.mtre_proj_mm < 0.4


def test_one_view_in_the_origin_has_its_cameras_pose_in_the_world(resident, camera, frame, pose):
    found = register(resident, [one_view(frame, camera)], Plan(pose, False))
    np.testing.assert_array_equal(found.world_from_volume, found.camera_from_volume)
    (report,) = found.views
    assert report.name == "view 1"
    assert report.used
    assert report.why == ""
    assert report.likeness == found.likeness
    np.testing.assert_array_equal(report.camera_from_volume, found.camera_from_volume)
    assert np.linalg.eigvalsh(found.information).min() > 0


def test_one_view_in_a_world_differs_by_the_world_only(resident, small_case, camera, frame, pose):
    place = rig_places(small_case, pose)["b"]
    alone = register(resident, [one_view(frame, camera)], Plan(pose, False))
    placed = replace(one_view(frame, camera), placed=PlacedCamera(camera, place))
    found = register(resident, [placed], Plan(inverse(place) @ pose, False))
    np.testing.assert_allclose(found.camera_from_volume, alone.camera_from_volume, atol=1e-6)
    np.testing.assert_allclose(place @ found.world_from_volume, found.camera_from_volume, atol=1e-9)


def test_times_of_the_stages_add_up(resident, camera, frame, pose):
    timing = register(resident, [one_view(frame, camera)], Plan(pose, False)).timing_ms
    parts = sum(value for stage, value in timing.items() if stage != "total")
    assert 0.0 < parts <= timing["total"] * 1.001
    assert "locate" not in timing


def test_a_tracked_frame_that_is_not_surely_found_is_looked_at_by_the_whole_schedule(resident, camera, rng, pose):
    """An untrained model is never sure of noise; the times of all tries are counted, and of a search about the pose."""
    noise = rng.integers(100, 60000, (camera.rows, camera.columns)).astype(np.uint16)
    visits, shares = [], []
    recorded = recorded_case(resident, visits)
    for _ in range(5):
        visits.clear()
        timing = register(recorded, [one_view(noise, camera)], Plan(pose, True)).timing_ms
        assert [schedule_of(visit.networks) for visit in visits][:2] == ["tracking", "whole"]
        shares.append(sum(value for stage, value in timing.items() if stage != "total") / timing["total"])
    # A busy machine may take the processor away between two stages, but not in each of the runs.
    assert max(shares) > 0.9


def test_a_rough_start_follows_the_schedule_that_is_given(resident, camera, frame, pose):
    visits = []
    recorded = recorded_case(resident, visits)
    register(recorded, [one_view(frame, camera)], Plan(pose, False))
    register(recorded, [one_view(frame, camera)], Plan(pose, False), TRACKING_SCHEDULE)
    assert [schedule_of(visit.networks) for visit in visits] == ["whole", "tracking"]


def test_coarse_steps_are_taken_alone_and_gone_on_from(resident, camera, frame, pose):
    """What the coarse steps and then the fine ones find is what the whole schedule finds."""
    (view,) = prepare_views(resident, [one_view(frame, camera)], {})
    coarse = regress_coarsely(view, pose, DEFAULT_SCHEDULE)
    fine = tuple(step for step in DEFAULT_SCHEDULE if step[0] == "fine")
    onwards, whole = regress(view, coarse.pose, fine), regress(view, pose, DEFAULT_SCHEDULE)
    np.testing.assert_array_equal(onwards.camera_from_volume, whole.camera_from_volume)
    assert 0.0 < coarse.presence < 1.0


def test_a_search_has_a_time_of_its_own(resident, camera, frame):
    found = register(resident, [one_view(frame, camera)], Plan(None, False))
    assert found.timing_ms["locate"] > 0.0


def test_a_frame_of_the_wrong_size_is_refused(resident, camera, frame, pose):
    with pytest.raises(FrameError, match="expected 96 x 128"):
        register(resident, [one_view(frame[:50], camera)], Plan(pose, False))


def test_a_huge_frame_is_binned(resident, small_case, pose):
    camera = Camera(800, 1000, np.array([[8000.0, 0, 500], [0, 8000.0, 400], [0, 0, 1]]))
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    pixels = np.round(200 * np.exp(-lines)).astype(np.uint8)
    visits = []
    found = register(recorded_case(resident, visits), [one_view(pixels, camera)], Plan(pose, False))
    assert np.isfinite(found.camera_from_volume).all()
    assert visits[0].frames.shape[1] < 800


def test_an_object_in_a_body_is_refined_with_the_body(inside, surrounded_case, camera, frame, pose):
    (view,) = prepare_views(inside, [one_view(frame, camera)], {})
    regressed = regress(view, pose, DEFAULT_SCHEDULE)
    count = inside.body_renderers.rest.count
    found = register(inside, [one_view(frame, camera)], Plan(pose, False))
    assert inside.body_renderers.rest.count > count
    expected, likeness = refine_in_body(
        view.image, view.camera, regressed, surrounded_case.atlas, inside.body_renderers
    )
    np.testing.assert_array_equal(found.camera_from_volume, expected.camera_from_volume)
    assert found.likeness == likeness


def test_an_object_alone_is_refined_in_clutter_and_one_beside_others_by_its_edges(resident, camera, frame, pose):
    sure = recorded_case(resident, [], presence=1.0)
    assert sure.body_renderers is None
    (view,) = prepare_views(sure, [one_view(frame, camera)], {})
    regressed = regress(view, pose, DEFAULT_SCHEDULE)
    given = (view.image, view.camera, regressed, view.atlas)
    alone = refine_in_clutter(*given, ClutterInputs(view.exposure, sure.renderer, sure.case.corners_mm))
    found = register(sure, [one_view(frame, camera)], Plan(pose, False))
    np.testing.assert_array_equal(found.camera_from_volume, alone.camera_from_volume)
    beside = refine(view, regressed, alone=False).estimate
    np.testing.assert_array_equal(beside.camera_from_volume, refine_by_edges(*given).camera_from_volume)


def test_an_edge_similarity_that_is_known_is_not_computed_again(resident, small_case, camera, frame, pose):
    (view,) = prepare_views(resident, [one_view(frame, camera)], {})
    estimate = believed(small_case, view.camera, pose)
    assert assess_refined(view, estimate, 0.7).similarity == 0.7
    assert assess_refined(view, estimate).similarity > 0.8


@pytest.mark.parametrize(("first", "second", "kept"), [(0.9, 0.8, 0), (0.8, 0.9, 1), (0.8, 0.8, 1)])
def test_the_surer_of_two_tries_has_the_times_of_both(small_case, camera, pose, first, second, kept):
    tries = [
        AssessedPose(
            believed(small_case, camera, pose), Assessment(Status.TRACKING, share, ErrorEstimate(0.0, 0.0, 0.0)), share
        )
        for share in (first, second)
    ]
    better = surer_of(*tries)
    assert better.assessment is tries[kept].assessment
    assert (better.estimate.regress_ns, better.estimate.refine_ns, better.estimate.quality_ns) == (2, 4, 6)
