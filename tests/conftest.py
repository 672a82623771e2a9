"""Fixtures: generators, a C-arm, a small lopsided object, its case, a tiny trained model, a service."""

import gc
import logging
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
from fluoropose.evaluation.server_process import server_process
from fluoropose.geometry.camera import Camera, camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.io.cases import load_case
from fluoropose.io.preparation import prepare_shipped
from fluoropose.objects.catalogue import OBJECTS
from fluoropose.telemetry.logs import JsonFormatter
from support.browsers import BROWSER_OPTIONS, browser_path
from support.cases import small_case_folder, surrounded_case_folder, tiny_bundle_folder
from support.kernels import compile_alone, compile_in_body
from support.together import begin_once, make_once
from support.tracing import compile_untraced

compile_untraced()


def pytest_collection_modifyitems(config, items):
    """Skip, saying why, what needs data or a GPU that is not here."""
    from fluoropose.inference.gpus import list_gpus

    no_data = pytest.mark.skip(reason="real data sets not found; set FLUOROPOSE_DATA to their folder")
    no_gpu = pytest.mark.skip(reason="no CUDA device here")
    no_browser = pytest.mark.skip(reason="no browser here; install Chromium and the package playwright")
    for item in items:
        if item.get_closest_marker("data") and data_root() is None:
            item.add_marker(no_data)
        if item.get_closest_marker("gpu") and not list_gpus():
            item.add_marker(no_gpu)
        if item.get_closest_marker("browser") and browser_path() is None:
            item.add_marker(no_browser)


def pytest_collection_finish():
    """Leave what stands now, all test modules with what they import, out of collections: each took half a second."""
    gc.collect()
    gc.freeze()


def data_root() -> Path | None:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ["FLUOROPOSE_DATA"]) if "FLUOROPOSE_DATA" in os.environ else beside
    return root if root.is_dir() else None


@pytest.fixture(autouse=True)
def no_log_to_an_earlier_output():
    """A server in a test's process logs to that test's output, which is closed when the next one begins."""
    yield
    root = logging.getLogger()
    root.handlers[:] = [one for one in root.handlers if not isinstance(one.formatter, JsonFormatter)]


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
def shared_folder(tmp_path_factory) -> Path:
    """The folder that all processes of a run share."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"


@pytest.fixture(scope="session", autouse=True)
def cache(shared_folder):
    """The cache of commands is this run's, not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLUOROPOSE_CACHE", str(shared_folder))
        yield


@pytest.fixture(scope="session", autouse=True)
def made_together(request, shared_folder, cache):
    """Of several processes each begins with another part of what takes long and all need.

    None goes on before the compiled code is there: each would compile all of it again.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return
    wanted = {name for item in request.session.items for name in item.fixturenames}
    models, kernels, shipped = [], [], []
    if "models_root" in wanted:
        models = [(shared_folder / "models", make_models)]
        kernels = [(shared_folder / f"kernels-{name}", make) for name, make in KERNELS.items()]
    if "shipped_root" in wanted:
        shipped = [(shipped_folder(shared_folder, name), make_shipped) for name in OBJECTS]
    for folder, make in [*models, *kernels, *shipped][:: 1 if int(worker[2:]) % 2 == 0 else -1]:
        begin_once(folder, make)
    for folder, make in kernels:
        make_once(folder, make)


def make_cases(folder: Path) -> None:
    small_case_folder(folder / "small")


def make_models(folder: Path) -> None:
    cases = make_once(folder.with_name("cases"), make_cases)
    tiny_bundle_folder(load_case(cases / "small"), folder / "small")


def make_kernels(folder: Path) -> None:
    cases = make_once(folder.with_name("cases"), make_cases)
    compile_alone(folder, load_case(cases / "small"))


KERNELS = {"body": compile_in_body, "alone": make_kernels}


def make_shipped(folder: Path) -> None:
    prepare_shipped(OBJECTS[folder.name], folder, progress=lambda done, total: None)


def shipped_folder(shared_folder: Path, name: str) -> Path:
    return shared_folder / "cases-1" / name


@pytest.fixture(scope="session")
def shipped_root(shared_folder) -> Path:
    """The shipped objects' cases, where commands look for them; only to be read."""
    return [make_once(shipped_folder(shared_folder, name), make_shipped) for name in OBJECTS][0].parent


@pytest.fixture(scope="session")
def cases_root(shared_folder) -> Path:
    """A folder with the small case; only to be read."""
    return make_once(shared_folder / "cases", make_cases)


@pytest.fixture(scope="session")
def small_case(cases_root):
    return load_case(cases_root / "small")


@pytest.fixture(scope="session")
def surrounded_case(tmp_path_factory):
    return surrounded_case_folder(tmp_path_factory.mktemp("surrounded") / "inside")


@pytest.fixture(scope="session")
def models_root(shared_folder) -> Path:
    """A folder with the small case's model; only to be read."""
    return make_once(shared_folder / "models", make_models)


@pytest.fixture(scope="session")
def server(cases_root, models_root):
    """A server process on loopback with the small case, for all tests of this process that neither end nor flood it."""
    with server_process(cases_root, models_root, 1, "cpu") as running:
        yield running


@pytest.fixture
def pose(small_case):
    return pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0]), small_case.pose_frame)


@pytest.fixture
def frame(small_case, camera, pose):
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    return np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)


@pytest.fixture(scope="module")
def browser():
    """A headless browser; see the marker `browser`. Playwright holds this thread's event loop until it is closed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser_path(), args=BROWSER_OPTIONS)
        yield started
        started.close()
