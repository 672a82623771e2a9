"""Where two views agree: a shift along one view's ray is found in the other one."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.rigid import apply_twist, rigid, transform
from fluoropose.geometry.rotation import about_y
from fluoropose.registration.initialization.multi_view_search import best_places, shift_scores
from fluoropose.registration.regression.residual import align_view


def rig(case, pose, degrees):
    centre = transform(pose, case.atlas.view.centre_mm)
    turn = about_y(np.deg2rad(degrees))
    return [np.eye(4), rigid(turn, centre - turn @ centre)]


@pytest.mark.parametrize(
    "shift", [(0.0, 0.0, 14.0), (0.0, 0.0, -14.0), (6.0, -6.0, 8.0)], ids=["behind", "before", "aside"]
)
def test_the_place_is_found_again(small_case, camera, pose, shift):
    atlas = small_case.atlas
    places = rig(small_case, pose, 60.0)
    renderer = CpuRenderer(small_case.volume, 1.0)
    start = apply_twist(pose, np.array([*shift, 0.0, 0.0, 0.0]), atlas.view.centre_mm)
    frames = [np.asarray(renderer.render(camera, place @ pose), np.float32) for place in places]
    looks = [align_view(place @ start, camera, atlas) for place in places]
    scores = [shift_scores(frame, current, atlas) for frame, current in zip(frames, looks, strict=True)]
    found = best_places(scores, looks, places, atlas, 2)
    step = atlas.view.field_mm / 32
    assert np.linalg.norm(found[0] + shift) < 3.0 * step
    assert np.linalg.norm(found[1] - found[0]) >= 0.12 * atlas.view.field_mm


def test_a_frame_in_its_place_scores_best_without_a_shift(small_case, camera, pose):
    frame = np.asarray(CpuRenderer(small_case.volume, 1.0).render(camera, pose), np.float32)
    scores = shift_scores(frame, align_view(pose, camera, small_case.atlas), small_case.atlas)
    assert scores.shape == (33, 33)
    row, column = np.unravel_index(np.argmax(scores), scores.shape)
    assert abs(row - 16) <= 1
    assert abs(column - 16) <= 1
