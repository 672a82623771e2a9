"""A real knee implant in real fluoroscopy, tracked untrained: every fifth frame of 131, one start, one camera.

The frames are those of Jensen et al., J Arthroplasty 2023, doi:10.1016/j.arth.2023.05.029 (JTML, University of Florida).
"""

import json

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.prepare import ViewChoice, prepare_case
from fluoropose.geometry.camera import camera_from_intrinsics
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rotation import angle_between
from fluoropose.imaging.mesh_voxels import voxelise_mesh
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.io.frames import read_frame_file
from fluoropose.io.meshes import read_mesh
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.result import FrameView
from support.cases import tiny_resident


@pytest.mark.data
def test_the_femoral_component_is_followed_through_the_whole_motion(data):
    """The published poses are starts rather than truth: depth is not compared (they differ from ours by millimetres)."""
    folder = data / "knee_implant_biplane"
    published = json.loads((folder / "poses_published.json").read_text())
    facts = published["cameras"][0]
    camera = camera_from_intrinsics(facts["rows"], facts["columns"], np.array(facts["intrinsic_matrix"]))
    camera_from_world = np.vstack([np.array(facts["camera_from_world"])[:3], [0.0, 0.0, 0.0, 1.0]])
    given = published["world_from_femoral"]
    given = given if isinstance(given, list) else list(given.values())
    poses = [camera_from_world @ np.array(pose).reshape(4, 4) for pose in given]
    mesh, _ = read_mesh(folder / "femoral.stl")
    choice = ViewChoice(poses[0][:3, :3], float(np.linalg.norm(poses[0][:3, 3])), AtlasGrid(14.0))
    case = prepare_case("femoral", "femoral", voxelise_mesh(mesh, 0.22), choice)
    bundle = load_bundle(universal_bundle_folder(shipped_models_root(), in_body=False))
    resident = tiny_resident(case, bundle)
    centre_mm, last = case.atlas.view.centre_mm, poses[0]
    for number, (frame, pose) in enumerate(zip(published["frames"], poses, strict=True)):
        pixels = read_frame_file(folder / "cam1" / f"frame_{int(frame):03d}.png")
        found = register(resident, [FrameView(pixels, PlacedCamera(camera))], Plan(last, nearby=number > 0))
        assert found.status == "TRACKING" or found.assessment.reason, (frame, found.status)
        assert found.status != "LOST", frame
        last = found.camera_from_volume
        apart = (last[:3, :3] - pose[:3, :3]) @ centre_mm + last[:3, 3] - pose[:3, 3]
        assert np.linalg.norm(apart[:2]) < 2.4, frame
        assert np.rad2deg(angle_between(last[:3, :3], pose[:3, :3])) < 4.5, frame
        resident.atlas.wait_until_ahead(5.0)
