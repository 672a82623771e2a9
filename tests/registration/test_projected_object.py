"""An object projected into a frame: compiled and plain agree, it is what a renderer shows, windows and overlaps."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.attenuation import saturate
from fluoropose.registration.projected_object import (
    add_projection,
    add_projection_twin,
    overlaps,
    project_object,
    project_object_twin,
)
from support.projections import BESIDE, FAR, HERE


def test_a_projection_is_the_rendered_picture(small_case, camera, empty, projections):
    """To what two degrees of grid, four here, and depth as a scale leave: a few per cent of the darkest."""
    lines = saturate(CpuRenderer(small_case.volume, 1.0).render(camera, pose_from_six(HERE, small_case.pose_frame)))
    add_projection(empty, camera, projections[0], np.array([1.0, 0.0]))
    lines = lines - lines.min()
    assert np.corrcoef(empty.ravel(), lines.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("six", [HERE, BESIDE, HERE + [0.0, 0.0, 0.0, 0.0, 40.0, -40.0]])
def test_the_projection_is_its_twin(small_case, six):
    """On both sides of the nearest view, and beyond the atlas's rim."""
    pose = pose_from_six(six, small_case.pose_frame)
    got, wanted = project_object(pose, small_case.atlas), project_object_twin(pose, small_case.atlas)
    np.testing.assert_allclose(got.lines, wanted.lines, atol=2e-6)
    assert got.box == wanted.box


def test_a_window_is_where_the_corners_of_the_box_come_to_lie(camera, projections):
    for projected in projections:
        top, end, left, stop = projected.box
        corners = np.array([[x, y, 1.0] for y in (top - 1.0, end) for x in (left - 1.0, stop)]).T
        u, v, w = projected.frame_from_canonical_px(camera) @ corners
        u, v = u / w, v / w
        assert projected.window(camera) == (
            max(int(np.floor(v.min())), 0), min(int(v.max()) + 2, camera.rows),
            max(int(np.floor(u.min())), 0), min(int(u.max()) + 2, camera.columns),
        )  # fmt: skip


def test_a_projection_ends_where_the_object_does(camera, empty, projections):
    """No step of the detector's floor is left at the rim of the cached view, and the window holds all that is cast."""
    picture = add_projection_twin(empty, camera, projections[0], np.array([1.0, 0.0]))
    rows, columns = np.nonzero(picture)
    top, end, left, stop = projections[0].window(camera)
    assert projections[0].lines[0].max() == 0.0
    assert top <= rows.min()
    assert rows.max() < end
    assert left <= columns.min()
    assert columns.max() < stop


def test_adding_a_projection_is_its_twin(rng, camera, projections):
    frame = rng.normal(size=(camera.rows, camera.columns)).astype(np.float32)
    for projection, strength in zip(projections, (np.array([0.8, -0.05]), np.array([-1.0, 0.1])), strict=True):
        wanted = add_projection_twin(frame, camera, projection, strength)
        got = frame.copy()
        add_projection(got, camera, projection, strength)
        np.testing.assert_allclose(got, wanted, atol=1e-4)


def test_it_is_added_where_it_lies_half_out_of_the_frame_too(small_case, camera, empty):
    projection = project_object(pose_from_six(HERE + [70.0, 0, 0, 0, 0, 0], small_case.pose_frame), small_case.atlas)
    wanted = add_projection_twin(empty, camera, projection, np.array([1.0, 0.0]))
    got = empty.copy()
    add_projection(got, camera, projection, np.array([1.0, 0.0]))
    assert wanted.any()
    np.testing.assert_allclose(got, wanted, atol=1e-4)


def test_objects_overlap_where_one_looks_at_what_the_other_projects(small_case, camera, projections):
    far = project_object(pose_from_six(FAR, small_case.pose_frame), small_case.atlas)
    wide = Camera(96, 256, camera.intrinsic_matrix)
    assert overlaps(*projections, camera)
    assert overlaps(*reversed(projections), camera)
    assert not overlaps(projections[0], far, wide)
    assert not overlaps(far, projections[0], wide)


def test_an_object_behind_the_source_is_refused(small_case):
    behind = pose_from_six(HERE * [1.0, 1.0, -1.0, 1.0, 1.0, 1.0], small_case.pose_frame)
    with pytest.raises(GeometryError):
        project_object(behind, small_case.atlas)
