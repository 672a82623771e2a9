"""Likeness of a frame and an object's views at right and at wrong poses, beside its twin in plain NumPy."""

import numpy as np

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import rest_renderer
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.attenuation import saturate
from fluoropose.imaging.sampling import normalised_homography, warp_frame, warp_picture
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.view_agreement import detailed_similarity, view_similarity
from fluoropose.similarity.edge_similarity import edge_similarity_twin
from support.cases import EXPECTED_SIX
from support.shots import fine_camera, shot


def similarity_twin(frame, alignment, atlas):
    """Return what `view_similarity` returns, in plain NumPy."""
    homography = normalised_homography(alignment.frame_from_canonical_px, *frame.shape)
    seen = warp_frame(frame, homography, atlas.view.size_px)
    shown = saturate(atlas.views[alignment.view_index].astype(np.float32))
    besides = atlas.surroundings[alignment.view_index].astype(np.float32) if atlas.has_surroundings else None
    return edge_similarity_twin(seen, shown, besides)


def test_the_object_is_like_itself_and_unlike_noise_or_a_wrong_place(small_case, camera, rng):
    right = np.array([2.0, -3.0, 890.0, 4.0, 4.0, -4.0])
    frame = CpuRenderer(small_case.volume, 1.0).render(camera, pose_from_six(right, small_case.pose_frame))
    frame = frame + 0.02 * rng.standard_normal(frame.shape).astype(np.float32)

    def at(six, image=frame):
        return view_similarity(
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
    plain, shaded = (view_similarity(image, seen, small_case.atlas) for image in (frame, 0.6 * frame + ramp))
    assert abs(plain - shaded) < 0.05


def test_it_is_the_plain_similarity_of_the_warped_frame_and_the_cached_view(small_case, camera, rng):
    """Near the object, beside it and half out of the frame; on noise, and where there is nothing at all."""
    pose = pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 4.0, -4.0]), small_case.pose_frame)
    frame = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    for image in (frame, frame + rng.standard_normal(frame.shape).astype(np.float32), np.zeros_like(frame)):
        for offset in (0.0, 12.0, 30.0):
            there = pose_from_six(np.array([2.0 + offset, -3.0, 870.0, 14.0, 7.0, -4.0]), small_case.pose_frame)
            seen = align_view(there, camera, small_case.atlas)
            wanted = similarity_twin(image, seen, small_case.atlas)
            np.testing.assert_allclose(view_similarity(image, seen, small_case.atlas), wanted, atol=1e-4)


def test_what_the_surroundings_explain_does_not_count(surrounded_case, camera):
    """Among its surroundings the object is like itself; where they are alone, nothing is, though they look like it."""
    atlas = surrounded_case.atlas
    pose = pose_from_six(np.array([0.0, 0.0, 900.0, 0.0, 0.0, 0.0]), surrounded_case.pose_frame)
    alone = rest_renderer(surrounded_case.rest, atlas.view).render(camera, pose)
    frame = alone + CpuRenderer(surrounded_case.volume, 1.0).render(camera, pose)
    seen = align_view(pose, camera, atlas)
    assert view_similarity(frame, seen, atlas) > 0.85
    np.testing.assert_allclose(view_similarity(frame, seen, atlas), similarity_twin(frame, seen, atlas), atol=1e-4)
    assert abs(view_similarity(alone, seen, atlas)) < 0.3


def test_the_detailed_similarity_is_that_of_the_pose_between_cached_views(small_case, rng):
    """The nearest view is a degree off; what lies between views is more like the frame, and a wrong turn is not."""
    camera = fine_camera()
    pose = pose_from_six(EXPECTED_SIX + [0.0, 0.0, 0.0, 0.0, 1.0, 0.9], small_case.pose_frame)
    frame = shot(small_case, camera, pose, rng)

    def similarity(off_deg):
        turned = pose_from_six(EXPECTED_SIX + [0.0, 0.0, 0.0, 0.0, 1.0 + off_deg, 0.9], small_case.pose_frame)
        return detailed_similarity(frame, align_view(turned, camera, small_case.atlas), small_case.atlas)

    nearest = small_case.atlas.pictures[[align_view(pose, camera, small_case.atlas).view_index]].astype(np.float32)
    alignment = align_view(pose, camera, small_case.atlas)
    seen = warp_picture(frame, alignment.frame_from_canonical_px, small_case.atlas.view.size_px)
    of_nearest = edge_similarity_twin(seen, saturate(nearest[0]), smooth_px=0.8)
    assert similarity(0.0) > of_nearest
    assert similarity(0.0) > max(similarity(-5.0), similarity(5.0)) + 0.004
