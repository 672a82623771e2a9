"""The fit on frames whose pose is known: it comes back to it, and tells an edge that was moved."""

import numpy as np
import pytest

from fluoropose.evaluation.studies.knee.biplane_fit import fit_pose
from fluoropose.evaluation.studies.knee.rim import RimFinder
from fluoropose.geometry.rigid import apply_twist, transform
from fluoropose.geometry.rotation import angle_between
from support.implants import MESH, POSE, expose_mesh, two_cameras


@pytest.fixture(scope="module")
def scene():
    cameras = two_cameras()
    return RimFinder(MESH), [expose_mesh(MESH, placed, POSE) for placed in cameras], cameras


def apart(pose):
    middle = MESH.ends_mm.mean(axis=0)
    distance = np.linalg.norm(transform(pose, middle) - transform(POSE, middle))
    return float(distance), float(np.rad2deg(angle_between(pose[:3, :3], POSE[:3, :3])))


@pytest.mark.parametrize("twist", [[0.6, -0.5, 0.4, 0.02, 0.0, -0.02], [-0.5, 0.3, 0.8, -0.01, 0.03, 0.0]])
def test_two_views_come_back_to_the_true_pose(scene, twist):
    fit = fit_pose(*scene, apply_twist(POSE, np.array(twist), MESH.ends_mm.mean(axis=0)))
    distance, angle = apart(fit.pose)
    assert distance < 0.02
    assert angle < 0.1
    assert all(abs(np.median(view.errors_px)) < 0.05 for view in fit.views)


def test_edges_that_are_moved_outwards_are_told_from_a_pose(scene):
    """A frame exposed from a larger solid, 0.5 % each way: edges move outwards by about 0.2 px, in every direction."""
    finder, _, cameras = scene
    centre = MESH.ends_mm.mean(axis=0)
    larger = type(MESH)(centre + 1.005 * (MESH.vertices_mm - centre), MESH.faces)
    frames = [expose_mesh(larger, placed, POSE) for placed in cameras]
    fit = fit_pose(finder, frames, cameras, POSE, free_offsets=True)
    assert apart(fit.pose)[0] < 0.05
    assert (fit.offsets_px > 0.1).all()
    assert (fit.offsets_px < 0.4).all()
