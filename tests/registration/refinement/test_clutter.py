"""In clutter a pose climbs to where the whole window correlates best; anywhere else it stays where the edges left it."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fluoropose.drr.planes import PlaneRenderer
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.xray import Exposure, PixelMeaning, line_integral_image
from fluoropose.registration.refinement.clutter import Closer, aligned_or_climbed
from fluoropose.registration.refinement.edge_alignment import aligned
from support.shots import believed, fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6])
OFF = np.array([0.1, -0.1, 5.0, 0.3, 0.8, -0.8])


@pytest.fixture
def camera():
    return fine_camera()


def pose_of(case, six):
    return pose_from_six(six, case.pose_frame)


def closer(case, frame, camera):
    exposure = Exposure(frame, camera, PixelMeaning.LINE_INTEGRAL)
    return Closer(exposure, PlaneRenderer(case.volume), case.corners_mm)


def cluttered(frame, rng):
    """As an object among much else of about its own strength: soft blobs everywhere."""
    other = gaussian_filter(rng.standard_normal(frame.shape), 1.0)
    return (frame + 0.6 * frame.std() / other.std() * other).astype(np.float32)


def both(case, camera, frame, finding):
    """Return the poses that the edges alone leave, and that a climb goes on to."""
    climbed = aligned_or_climbed(frame, camera, finding, case.atlas, closer(case, frame, camera))
    return aligned(frame, camera, finding, case.atlas).camera_from_volume, climbed.camera_from_volume


def test_in_clutter_every_start_ends_in_one_place(small_case, camera, rng):
    right = pose_of(small_case, RIGHT)
    frame = cluttered(shot(small_case, camera, right, rng), rng)
    starts = [pose_of(small_case, RIGHT + sign * OFF) for sign in (1.0, -1.0)]
    ends = [both(small_case, camera, frame, believed(small_case, camera, start)) for start in starts]
    apart = [pose_error(*pair, small_case.corners_mm).mtre_proj_mm for pair in zip(*ends, strict=True)]
    errors = [pose_error(pose, right, small_case.corners_mm).mtre_proj_mm for pose in ends[0]]
    assert apart[1] < 0.5 * apart[0]
    assert errors[1] < 1.1 * errors[0]


def test_it_ends_where_the_correlation_is_largest(small_case, camera, rng):
    right = pose_of(small_case, RIGHT)
    frame = cluttered(shot(small_case, camera, right, rng), rng)
    pose = both(small_case, camera, frame, believed(small_case, camera, pose_of(small_case, RIGHT + OFF)))[1]
    again = both(small_case, camera, frame, believed(small_case, camera, pose))[1]
    moved = pose_error(again, pose, small_case.corners_mm)
    assert moved.mtre_proj_mm < 0.06 and moved.depth_mm < 1.0


def test_a_finer_frame_is_looked_at_closer(small_case, rng):
    # Pixels of a quarter of the networks' size: they see the frame binned by four, the climb by two.
    fine = camera_from_detector(768, 768, row_spacing_mm=0.125, column_spacing_mm=0.125, source_to_detector_mm=1100.0)
    right = pose_of(small_case, RIGHT)
    frame = cluttered(shot(small_case, fine, right, rng), rng)
    binned, camera = line_integral_image(frame, PixelMeaning.LINE_INTEGRAL, 4), fine.scale_pixels(4)
    binned = cluttered(binned, rng)
    finding = believed(small_case, camera, pose_of(small_case, RIGHT + OFF))
    found = aligned_or_climbed(binned, camera, finding, small_case.atlas, closer(small_case, frame, fine))
    edges = aligned(binned, camera, finding, small_case.atlas)
    errors = [pose_error(one.camera_from_volume, right, small_case.corners_mm) for one in (found, edges)]
    assert errors[0].mtre_proj_mm < 0.7 * errors[1].mtre_proj_mm


@pytest.mark.parametrize(("share", "followed"), [(0.0, True), (0.01, False)])
def test_what_correlates_better_where_the_edges_do_not_is_not_gone_to(small_case, camera, share, followed):
    # The climb's own pixels show the object moved by a share of its size from where the edges see it.
    moved = RIGHT + np.array([share * small_case.size_mm, 0.0, 0.0, 0.0, 0.0, 0.0])
    rngs = [np.random.default_rng(3), np.random.default_rng(3)]
    seen, finer = (
        cluttered(shot(small_case, camera, pose_of(small_case, six), rng), rng)
        for six, rng in zip((RIGHT, moved), rngs, strict=True)
    )
    finding = believed(small_case, camera, pose_of(small_case, RIGHT + OFF))
    found = aligned_or_climbed(seen, camera, finding, small_case.atlas, closer(small_case, finer, camera))
    edges = aligned(seen, camera, finding, small_case.atlas)
    assert np.array_equal(found.camera_from_volume, edges.camera_from_volume) is not followed


def test_what_is_no_clutter_is_aligned_as_ever(small_case, camera, rng):
    frame = shot(small_case, camera, pose_of(small_case, RIGHT), rng)
    finding = believed(small_case, camera, pose_of(small_case, RIGHT + OFF))
    np.testing.assert_array_equal(*both(small_case, camera, frame, finding))


def test_what_may_be_lost_is_not_climbed_for(small_case, camera, rng):
    frame = cluttered(shot(small_case, camera, pose_of(small_case, RIGHT), rng), rng)
    finding = believed(small_case, camera, pose_of(small_case, RIGHT + OFF), presence=0.4)
    np.testing.assert_array_equal(*both(small_case, camera, frame, finding))


def test_what_is_not_in_the_frame_is_not_climbed_for(small_case, camera, rng):
    beside = RIGHT + np.array([400.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    frame = rng.standard_normal((192, 192)).astype(np.float32)
    finding = believed(small_case, camera, pose_of(small_case, beside))
    np.testing.assert_array_equal(*both(small_case, camera, frame, finding))
