"""What a body is expected to show: a picture moved to another pose is nearly one rendered there."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import rest_renderer
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.sampling import warp_stack
from fluoropose.registration.refinement.costs.two_body import (
    cached_rest,
    move_rest,
    object_image,
    render_body,
)
from fluoropose.registration.regression.residual import Group, align_view, apply_residual

HERE = np.array([2.0, -3.0, 905.0, 4.0, 3.0, -5.0])
ELSEWHERE = HERE + np.array([0.8, -0.6, 4.0, 0.8, -0.7, 0.6])


@pytest.fixture
def camera():
    return camera_from_detector(200, 240, row_spacing_mm=0.5, column_spacing_mm=0.5, source_to_detector_mm=1100.0)


@pytest.fixture(scope="module")
def renderer(surrounded_case):
    return rest_renderer(surrounded_case.rest, surrounded_case.atlas.view)


def slopes(image):
    """What poses are told by, without the rim, where the next pixels are guessed."""
    return np.stack(np.gradient(image.astype(np.float64)))[:, 4:-4, 4:-4]


def apart(first, second):
    return np.linalg.norm(slopes(first) - slopes(second)) / np.linalg.norm(slopes(second))


def test_a_picture_lies_over_the_warped_frame(surrounded_case, renderer, camera):
    case, pose = surrounded_case, pose_from_six(HERE, surrounded_case.pose_frame)
    now = align_view(pose, camera, case.atlas)
    seen = warp_stack(renderer.render(camera, pose)[None], now.frame_from_canonical_px, *[case.atlas.view.size_px] * 2)[
        0
    ]
    picture = render_body(renderer, pose, now, case.atlas).image
    off = apart(seen, picture)
    assert off < 0.1
    for axis in (0, 1):
        for shift_px in (-3, 3):
            assert apart(np.roll(seen, shift_px, axis), picture) > 2.0 * off


def test_a_moved_picture_is_nearly_one_rendered_there(surrounded_case, renderer, camera):
    """Nearer than the picture from before, or the cached one, and the nearer the smaller the motion."""
    atlas, frame = surrounded_case.atlas, surrounded_case.pose_frame
    off = {}
    for share in (0.25, 1.0):
        poses = [pose_from_six(six, frame) for six in (HERE, HERE + share * (ELSEWHERE - HERE))]
        before, now = (align_view(pose, camera, atlas) for pose in poses)
        picture = render_body(renderer, poses[0], before, atlas)
        exact = render_body(renderer, poses[1], now, atlas).image
        off[share] = apart(move_rest(picture, now, now, atlas).image, exact)
        assert off[share] < 0.6 * apart(picture.image, exact)
    assert off[0.25] < 0.5 * off[1.0] < 0.1
    assert off[0.25] < 0.7 * apart(move_rest(cached_rest(now, atlas), now, now, atlas).image, exact)


def test_a_move_is_seen_from_where_the_object_is_looked_at(surrounded_case, renderer, camera):
    """The rest lies elsewhere than the object: in the object's look it is shown where the frame shows it."""
    atlas, frame = surrounded_case.atlas, surrounded_case.pose_frame
    poses = [pose_from_six(six, frame) for six in (HERE, ELSEWHERE)]
    current, rest = (align_view(pose, camera, atlas) for pose in poses)
    shown = move_rest(render_body(renderer, poses[1], rest, atlas), rest, current, atlas).image
    seen = warp_stack(renderer.render(camera, poses[1])[None], current.frame_from_canonical_px, *shown.shape)[0]
    assert apart(seen, shown) < 0.25


def test_turns_are_how_the_rendered_object_turns(surrounded_case, camera):
    case = surrounded_case
    inside = CpuRenderer(case.volume, 1.0)
    pose = pose_from_six(HERE, case.pose_frame)
    current = align_view(pose, camera, case.atlas)
    image_there = object_image(inside, pose, current, case.atlas)
    for number, axis in enumerate((4, 5)):
        residual = current.view_residual.copy()
        residual[axis] += np.deg2rad(0.5)
        turned = apply_residual(current, residual, Group.ALL, case.atlas)
        change = (
            object_image(inside, turned, align_view(turned, camera, case.atlas), case.atlas).image - image_there.image
        )
        expected = np.deg2rad(0.5) * image_there.turns[number]
        assert np.corrcoef(change.ravel(), expected.ravel())[0, 1] > 0.9
