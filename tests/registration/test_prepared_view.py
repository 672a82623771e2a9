"""Views made ready for the networks: line integrals that objects share, poses to and from the world, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.errors import FrameError, GeometryError, InputError
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import rigid
from fluoropose.imaging.xray import line_integral_image
from fluoropose.registration.prepared_view import prepare_views, shared_pictures
from fluoropose.registration.resident_case import ResidentCase
from support.steppers import RecordingStepper
from support.views import one_view, rig_places, taken


@pytest.fixture(scope="module")
def resident(small_case):
    """A case whose networks are never asked."""
    return ResidentCase(small_case, RecordingStepper(None))


@pytest.fixture
def side(small_case, camera, pose):
    """A second view, ten degrees about the object's long axis, with its frame."""
    place = rig_places(small_case, pose)["b"]
    return replace(
        one_view(taken(small_case, camera, place @ pose), camera, name="side"), placed=PlacedCamera(camera, place)
    )


def test_a_view_has_its_line_integrals_and_poses_in_the_world(resident, camera, frame, pose, side):
    first, second = prepare_views(resident, [one_view(frame, camera), side], {})
    assert [first.name, second.name] == ["view 1", "side"]
    np.testing.assert_array_equal(first.image, line_integral_image(frame, first.exposure.meaning, 1, False))
    assert first.world_from_volume(pose) is pose
    assert first.camera_from_volume(pose) is pose
    place = side.placed.camera_from_world
    np.testing.assert_allclose(second.camera_from_volume(pose), place @ pose, atol=1e-12)
    np.testing.assert_allclose(second.world_from_volume(place @ pose), pose, atol=1e-9)
    other = second.with_image(first.image)
    assert other.image is first.image
    assert other.exposure is second.exposure


def test_a_fine_frame_is_binned_to_the_atlas_and_its_camera_with_it(resident, camera, frame):
    fine = camera.scale_pixels(0.125)
    pixels = np.repeat(np.repeat(frame, 8, axis=0), 8, axis=1)
    (view,) = prepare_views(resident, [one_view(pixels, fine)], {})
    assert view.image.shape == (view.camera.rows, view.camera.columns)
    assert view.camera.rows < fine.rows
    assert view.exposure.camera is fine


def test_objects_of_a_frame_share_its_pictures(resident, camera, frame, side):
    views = [one_view(frame, camera), side]
    pictures = shared_pictures([resident, resident], views)
    assert sorted(pictures) == [(0, 1), (1, 1)]
    prepared = [prepare_views(resident, views, pictures) for _ in range(2)]
    for number in range(2):
        assert prepared[0][number].image is prepared[1][number].image
    alone = prepare_views(resident, views, {})
    for own, shared in zip(alone, prepared[0], strict=True):
        np.testing.assert_array_equal(own.image, shared.image)


def test_the_same_camera_twice_is_refused(resident, camera, frame):
    view = one_view(frame, camera, name="front")
    with pytest.raises(GeometryError, match="same camera twice: 'front' and 'view 2'"):
        prepare_views(resident, [view, replace(view, name="")], {})


def test_cameras_that_look_past_each_other_are_refused(resident, camera, frame, side):
    away = rigid(np.eye(3), np.array([0.0, 5000.0, 0.0])) @ side.placed.camera_from_world
    views = [one_view(frame, camera), replace(one_view(frame, camera), placed=PlacedCamera(camera, away))]
    with pytest.raises(GeometryError, match=r"contradict each other.* pass each other by"):
        prepare_views(resident, views, {})


def test_views_of_different_objects_are_refused(resident, small_case, camera, frame, side):
    moved = replace(small_case, name="other", corners_mm=small_case.corners_mm + [0.0, 2.5, 0.0])
    other = ResidentCase(moved, RecordingStepper(None))
    views = [one_view(frame, camera, name="front"), replace(side, resident=other)]
    with pytest.raises(InputError, match=r"'small' in 'front' and 'other' in 'side'.* 2.50 mm"):
        prepare_views(resident, views, {})


def test_a_view_may_have_the_same_object_prepared_for_another_direction(resident, small_case, camera, frame, side):
    turned = ResidentCase(replace(small_case, name="lateral"), RecordingStepper(None))
    first, second = prepare_views(resident, [one_view(frame, camera), replace(side, resident=turned)], {})
    assert first.resident is resident
    assert second.resident is turned


def test_no_view_is_refused(resident):
    with pytest.raises(InputError, match="at least one view"):
        prepare_views(resident, [], {})


def test_a_frame_of_another_size_than_its_cameras_is_refused(resident, camera, frame):
    for prepare in (lambda view: prepare_views(resident, [view], {}), lambda view: shared_pictures([resident], [view])):
        with pytest.raises(FrameError, match="expected 96 x 128"):
            prepare(one_view(frame[:50], camera))
