"""ITK's files: read back here and by SimpleITK; 3D Slicer's are the inverse."""

import numpy as np
import pytest
from hypothesis import given, settings

from fluoropose.errors import FluoroposeError
from fluoropose.geometry.rigid import inverse, transform
from fluoropose.io.pose_export.itk_transforms import pose_from_slicer, pose_from_tfm, slicer_text, tfm_text
from support.pose_runs import poses, require_same_pose, some_run

POSE = some_run().records[2].target_from_volume


@settings(max_examples=50, deadline=None)
@given(poses())
def test_files_come_back(pose):
    require_same_pose(pose_from_tfm(tfm_text(pose)), pose)
    require_same_pose(pose_from_slicer(slicer_text(pose)), pose)
    require_same_pose(pose_from_tfm(slicer_text(pose)), inverse(pose))


def test_simpleitk_takes_the_same_points_to_the_same_places(tmp_path):
    sitk = pytest.importorskip("SimpleITK")
    path = tmp_path / "pose.tfm"
    path.write_text(tfm_text(POSE))
    point = np.array([10.0, -20.0, 30.0])
    np.testing.assert_allclose(sitk.ReadTransform(str(path)).TransformPoint(point.tolist()), transform(POSE, point))


def test_a_centre_of_rotation_is_counted():
    text = tfm_text(POSE).replace("FixedParameters: 0 0 0", "FixedParameters: 1 2 3")
    found, centre = pose_from_tfm(text), np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(transform(found, centre), POSE[:3, 3] + centre, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: "hello", "AffineTransform"),
        (lambda text: text.replace("Parameters: ", "Parameters: 1 ", 1), "12 Parameters"),
        (lambda text: text.replace("Parameters: ", "Parameters: one ", 1), "numbers"),
        (lambda text: text.replace("Parameters: 0", "Parameters: 2", 1), "rigid"),
    ],
)
def test_other_files_are_refused(change, words):
    with pytest.raises(FluoroposeError, match=words):
        pose_from_tfm(change(tfm_text(POSE)))
