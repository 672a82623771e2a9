"""Objects taken out of a frame: strengths by both twins, known strengths found, what others change for an object."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.registration.object_subtraction import (
    disturbance,
    fit_overlap,
    fit_strengths,
    fit_strengths_twin,
    power,
    power_twin,
    subtraction_frame,
)
from fluoropose.registration.projected_object import add_projection, add_projection_twin, project_object
from support.projections import BESIDE, FAR


def overlap(frame, camera, projections):
    """Return what projections cast into a frame; None is one of which nothing is known."""
    ground = subtraction_frame(frame, camera)
    return fit_overlap(
        ground, [None if projection is None else ground.project(projection) for projection in projections]
    )


def draw_edge_pictures(projections, camera):
    """Return the projections at strength 1 in the camera's frame, (n, rows, columns)."""
    empty = np.zeros((camera.rows, camera.columns), np.float32)
    return np.stack([add_projection_twin(empty, camera, projected, np.array([1.0, 0.0])) for projected in projections])


def test_strengths_and_power_are_their_twins(rng, camera, projections):
    noise = rng.normal(size=(camera.rows, camera.columns)).astype(np.float32)
    frame = add_projection_twin(noise, camera, projections[0], np.array([0.8, -0.05]))
    pictures = draw_edge_pictures(projections, camera)
    np.testing.assert_allclose(
        fit_strengths(frame, pictures), fit_strengths_twin(frame, pictures), rtol=1e-3, atol=1e-4
    )
    assert power(frame, pictures[0]) == pytest.approx(power_twin(frame, pictures[0]), rel=1e-4)
    assert power(frame, np.zeros_like(frame)) == power_twin(frame, np.zeros_like(frame)) == 0.0


def test_strengths_are_fitted_on_a_frame_of_block_means(rng, camera):
    """A frame of 300 rows is shrunk by two, with its camera."""
    fine = camera.scale_pixels(96 / 300)
    frame = rng.random((fine.rows, fine.columns)).astype(np.float32)
    small = subtraction_frame(frame, fine)
    rows, columns = small.frame.shape
    assert (rows, columns) == (small.camera.rows, small.camera.columns) == (fine.rows // 2, fine.columns // 2)
    means = frame[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(small.frame, means, atol=1e-6)


def test_strengths_are_found_where_pictures_overlap(rng, camera, empty, projections):
    """Beside a slow background and noise; each object's own strength and hardening."""
    strengths = np.array([[0.9, -0.04], [0.6, 0.02]])
    v, u = np.mgrid[0 : camera.rows, 0 : camera.columns]
    frame = (0.01 * u + 0.005 * v + rng.normal(0.0, 0.005, empty.shape)).astype(np.float32)
    for projected, strength in zip(projections, strengths, strict=True):
        add_projection(frame, camera, projected, strength)
    found = fit_strengths(frame, draw_edge_pictures(projections, camera))
    deepest = float(projections[0].lines.max())
    for depth in (0.3 * deepest, deepest):
        np.testing.assert_allclose(found @ [depth, depth**2], strengths @ [depth, depth**2], rtol=0.06)


def test_the_others_are_taken_out_and_the_object_itself_stays(camera, empty, projections):
    alone = add_projection_twin(empty, camera, projections[0], np.array([1.0, 0.0]))
    both = add_projection_twin(alone, camera, projections[1], np.array([0.7, 0.0]))
    cast_there = overlap(both, camera, projections)
    left = cast_there.subtract_others(both, camera, 0)
    assert np.abs(left - alone).max() < 0.02 * both.max()
    assert cast_there.neighbours(0, camera) == [1]
    np.testing.assert_array_equal(both, add_projection_twin(alone, camera, projections[1], np.array([0.7, 0.0])))


def test_an_object_that_is_not_there_is_given_little(camera, empty, projections):
    frame = add_projection_twin(empty, camera, projections[0], np.array([1.0, 0.0]))
    strengths = fit_strengths(frame, draw_edge_pictures(projections, camera))
    deepest = float(projections[1].lines.max())
    assert abs(strengths[1] @ [deepest, deepest**2]) < 0.15 * deepest


def test_a_disturbance_is_what_changed_as_a_share_of_what_one_casts(small_case, camera, empty, projections):
    """Nothing if nothing moved; the derivatives' ratio if the other one appears; without bound for one that is not there."""
    both = add_projection_twin(
        add_projection_twin(empty, camera, projections[0], np.array([1.0, 0.0])),
        camera,
        projections[1],
        np.array([0.7, 0.0]),
    )
    after = overlap(both, camera, projections)
    assert disturbance(after, after, 0) == 0.0
    before = overlap(both, camera, [projections[0], None])
    own, other = (
        strength * picture
        for strength, picture in zip((1.0, 0.7), draw_edge_pictures(projections, camera), strict=True)
    )
    mask = own[1:-1, 1:-1] > 0
    power = [
        sum((slope[mask] ** 2).sum() for slope in (p[2:, 1:-1] - p[:-2, 1:-1], p[1:-1, 2:] - p[1:-1, :-2]))
        for p in (other, own)
    ]
    assert disturbance(before, after, 0) == pytest.approx(np.sqrt(power[0] / power[1]), rel=0.05)
    nearly = project_object(pose_from_six(BESIDE + [0.02, 0, 0, 0, 0, 0], small_case.pose_frame), small_case.atlas)
    assert 0.0 < disturbance(overlap(both, camera, [projections[0], nearly]), after, 0) < 0.1
    assert disturbance(before, overlap(both, camera, [None, projections[1]]), 0) == np.inf


def test_objects_apart_leave_the_frame_as_it_is(small_case, camera, empty, projections):
    wide = Camera(96, 256, camera.intrinsic_matrix)
    far = project_object(pose_from_six(FAR, small_case.pose_frame), small_case.atlas)
    frame = np.zeros((96, 256), np.float32)
    cast_there = overlap(frame, wide, [projections[0], far])
    assert cast_there.neighbours(0, wide) == []
    assert cast_there.subtract_others(frame, wide, 0) is frame


def test_what_is_not_known_casts_nothing_and_looks_everywhere(camera, empty, projections):
    frame = add_projection_twin(empty, camera, projections[0], np.array([1.0, 0.0]))
    cast_there = overlap(frame, camera, [projections[0], None])
    assert cast_there.neighbours(0, camera) == []
    assert cast_there.neighbours(1, camera) == [0]
    assert np.abs(cast_there.subtract_others(frame, camera, 1)).max() < 0.02 * frame.max()
    nothing = overlap(frame, camera, [None, None])
    assert not nothing.strengths.any()


def test_exposure_is_what_the_others_cast_as_a_share_of_what_one_casts(camera, empty, projections):
    """At strength 1, whatever the frame shows; of a pair the weaker one is the more exposed."""
    weak = replace(projections[1], lines=0.1 * projections[1].lines)
    both = overlap(empty, camera, [projections[0], weak])
    own, other = draw_edge_pictures([projections[0], weak], camera)
    assert both.exposure(0) == pytest.approx(np.sqrt(power_twin(other, own) / power_twin(own, own)), rel=1e-3)
    assert both.exposure(0) < 0.2 < 1.0 < both.exposure(1)
    assert overlap(empty, camera, [projections[0], None]).exposure(0) == 0.0
    assert overlap(empty, camera, [projections[0], None]).exposure(1) == np.inf
