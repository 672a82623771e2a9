"""Fixtures: generators, a C-arm, a small lopsided object, its case, a tiny trained model, a service."""

import os
import sys
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Threads of PyTorch that spin while they wait take the cores from those they wait for when a machine is busy: a
# training of a few steps then takes 17 to 36 s instead of 6.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.camera import Camera, camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.io.cases import load_case
from support.cases import small_case_folder, surrounded_case_folder, tiny_bundle_folder


def pytest_collection_modifyitems(config, items):
    """Skip, saying why, what needs data or a GPU that is not here."""
    from fluoropose.inference.gpus import list_gpus

    no_data = pytest.mark.skip(reason="real data sets not found; set FLUOROPOSE_DATA to their folder")
    no_gpu = pytest.mark.skip(reason="no CUDA device here")
    for item in items:
        if item.get_closest_marker("data") and data_root() is None:
            item.add_marker(no_data)
        if item.get_closest_marker("gpu") and not list_gpus():
            item.add_marker(no_gpu)


def data_root() -> Path | None:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ["FLUOROPOSE_DATA"]) if "FLUOROPOSE_DATA" in os.environ else beside
    return root if root.is_dir() else None


@pytest.fixture
def data() -> Path:
    root = data_root()
    assert root is not None
    return root


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260101)


@pytest.fixture
def camera() -> Camera:
    return camera_from_detector(96, 128, row_spacing_mm=1.6, column_spacing_mm=1.5, source_to_detector_mm=1100.0)


@pytest.fixture(scope="session")
def cases_root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("cases")
    small_case_folder(root / "small")
    return root


@pytest.fixture(scope="session")
def small_case(cases_root):
    return load_case(cases_root / "small")


@pytest.fixture(scope="session")
def surrounded_case(tmp_path_factory):
    return surrounded_case_folder(tmp_path_factory.mktemp("surrounded") / "inside")


@pytest.fixture(scope="session")
def models_root(tmp_path_factory, small_case) -> Path:
    root = tmp_path_factory.mktemp("models")
    tiny_bundle_folder(small_case, root / "small")
    return root


@pytest.fixture
def pose(small_case):
    return pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0]), small_case.pose_frame)


@pytest.fixture
def frame(small_case, camera, pose):
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    return np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)
