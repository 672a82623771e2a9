"""A CT in HU with a label map, and the files of one frame."""

import json

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.volume import Volume
from fluoropose.io.nifti import write_nifti
from fluoropose.objects.shapes import voxelise
from fluoropose.transports.http.schemas import camera_json
from support.cases import small_parts


@pytest.fixture(scope="session")
def ct(tmp_path_factory):
    """A CT in HU: the small object's densities in muscle, with a label map of them."""
    folder = tmp_path_factory.mktemp("ct")
    solid = voxelise(small_parts(), np.array([18.0, 10.0, 21.0]), 2.0)
    values = np.pad(solid.values, 4)
    placed = solid.lps_from_index.copy()
    placed[:3, 3] -= 8.0
    write_nifti(folder / "ct.nii.gz", Volume(np.where(values > 0, 1000.0 * (values / WATER_PER_MM), 50.0), placed))
    write_nifti(folder / "labels.nii.gz", Volume((values > 0).astype(np.float32) * 5, placed))
    return folder


@pytest.fixture
def files(tmp_path, small_case, camera):
    pose = pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0]), small_case.pose_frame)
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    (tmp_path / "camera.json").write_text(json.dumps(camera_json(camera)))
    (tmp_path / "pose.json").write_text(json.dumps({"camera_from_volume": pose.tolist()}))
    np.save(tmp_path / "frame.npy", np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16))
    return tmp_path
