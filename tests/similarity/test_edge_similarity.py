import numpy as np

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import rest_renderer
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.registration.edge_similarity import edge_similarity, edge_similarity_twin
from fluoropose.registration.regression.residual import align_view
from fluoropose.similarity.gradient import gradient_correlation


def test_the_object_is_like_itself_and_unlike_noise_or_a_wrong_place(small_case, camera, rng):
    right = np.array([2.0, -3.0, 890.0, 4.0, 4.0, -4.0])
    frame = CpuRenderer(small_case.volume, 1.0).render(camera, pose_from_six(right, small_case.pose_frame))
    frame = frame + 0.02 * rng.standard_normal(frame.shape).astype(np.float32)

    def at(six, image=frame):
        return edge_similarity(
            image, align_view(pose_from_six(six, small_case.pose_frame), camera, small_case.atlas), small_case.atlas
        )

    assert at(right) > 0.85
    assert at(right + [15.0, 10.0, 0, 0, 0, 0]) < 0.5
    assert at(right + [0, 0, 0, 90.0, 0, 0]) < 0.5
    assert abs(at(right, rng.standard_normal(frame.shape).astype(np.float32))) < 0.3


def test_gain_and_shading_do_not_matter(small_case, camera):
    right = np.array([0.0, 0.0, 900.0, 0.0, 0.0, 0.0])
    pose = pose_from_six(right, small_case.pose_frame)
    frame = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    seen = align_view(pose, camera, small_case.atlas)
    ramp = np.linspace(0.0, 0.5, camera.columns, dtype=np.float32)
    plain, shaded = (edge_similarity(image, seen, small_case.atlas) for image in (frame, 0.6 * frame + ramp))
    assert abs(plain - shaded) < 0.05


def test_the_twins_agree(small_case, camera, rng):
    """Near the object, beside it and half out of the frame; on noise, and where there is nothing at all."""
    pose = pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 4.0, -4.0]), small_case.pose_frame)
    frame = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    for image in (frame, frame + rng.standard_normal(frame.shape).astype(np.float32), np.zeros_like(frame)):
        for offset in (0.0, 12.0, 30.0):
            there = pose_from_six(np.array([2.0 + offset, -3.0, 870.0, 14.0, 7.0, -4.0]), small_case.pose_frame)
            seen = align_view(there, camera, small_case.atlas)
            wanted = edge_similarity_twin(image, seen, small_case.atlas)
            np.testing.assert_allclose(edge_similarity(image, seen, small_case.atlas), wanted, atol=1e-4)


def test_what_the_surroundings_explain_does_not_count(surrounded_case, camera):
    """Among its surroundings the object is like itself; where they are alone, nothing is, though they look like it."""
    atlas = surrounded_case.atlas
    pose = pose_from_six(np.array([0.0, 0.0, 900.0, 0.0, 0.0, 0.0]), surrounded_case.pose_frame)
    alone = rest_renderer(surrounded_case.rest, atlas.view).render(camera, pose)
    frame = alone + CpuRenderer(surrounded_case.volume, 1.0).render(camera, pose)
    seen = align_view(pose, camera, atlas)
    assert edge_similarity(frame, seen, atlas) > 0.85
    np.testing.assert_allclose(edge_similarity(frame, seen, atlas), edge_similarity_twin(frame, seen, atlas), atol=1e-4)
    assert abs(edge_similarity(alone, seen, atlas)) < 0.3


def test_a_partial_correlation_by_hand(rng):
    """Two sums that share a third part correlate by it alone; beside that part they do not."""
    shared, a, b = (tuple(rng.standard_normal((2, 60, 60))) for _ in range(3))
    first, second = (tuple(x + 2.0 * s for x, s in zip(part, shared, strict=True)) for part in (a, b))
    assert gradient_correlation(first, second) > 0.7
    assert abs(gradient_correlation(first, second, besides=shared)) < 0.08
    assert gradient_correlation(first, a, besides=shared) > 0.99
    nothing = tuple(np.zeros((2, 60, 60)))
    assert gradient_correlation(first, second, besides=nothing) == gradient_correlation(first, second)
