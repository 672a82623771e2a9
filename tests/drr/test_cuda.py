"""The renderers on CUDA against those on the CPU: in numba's simulator, and on a device where there is one."""

from pathlib import Path

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.cuda import CudaPlaneRenderer, CudaRenderer, CudaRendererMaker
from fluoropose.drr.cuda_memory import CudaPictures
from fluoropose.drr.occupied_blocks import occupied_blocks
from fluoropose.drr.pictures import MOST_STORED, ViewPictures
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.prepare import ViewChoice, open_view_cache, prepare_case
from fluoropose.drr.view_cache import CacheSettings
from fluoropose.errors import DeviceError
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.volume import Volume
from support.cuda import SIMULATED, needs_cuda, run_in_simulator
from support.renderings import SMALL_CAMERA

HERE = Path(__file__).parent
TURNS = [(0.5, 0.3, -0.4), (0.1, 1.4, 0.2), (0.3, 0.1, 1.5), (-2.0, 0.6, 2.4)]
"""Along each axis, up and down."""


def volume_of(values):
    return Volume(values, np.diag([1.9, 1.6, 2.1, 1.0]))


def full_volume(rng):
    """A volume that does not fade towards its sides."""
    return volume_of(rng.random((12, 15, 9)) * 0.05)


def sparse_volume(rng):
    values = np.zeros((26, 15, 21), np.float32)
    values[3:7, 2:5, 8:12] = 0.05 * rng.random((4, 3, 4))
    values[20:24, 9:12, 1:4] = 0.05 * rng.random((4, 3, 3))
    return volume_of(values)


def poses_about(volume, distance_mm=800.0):
    middle = (volume.lps_from_index @ [*(np.array(volume.values.shape) - 1) / 2, 1])[:3]
    rotations = [from_zxy(*turn) for turn in TURNS]
    return [rigid(turn, np.array([2.0, -3.0, distance_mm]) - turn @ middle) for turn in rotations]


def pairs(volume):
    return [(CudaPlaneRenderer(volume), PlaneRenderer(volume)), (CudaRenderer(volume, 0.7), CpuRenderer(volume, 0.7))]


@pytest.fixture(scope="module")
def tiny_case():
    generator = np.random.default_rng(3)
    inside, rest = full_volume(generator), full_volume(generator)
    choice = ViewChoice(np.eye(3), 900.0, AtlasGrid(4.0, 4.0), 8)
    return prepare_case("tiny", "test:tiny", inside, choice, rest=rest)


@pytest.mark.skipif(SIMULATED, reason="this runs in the simulator already")
def test_all_of_it_runs_in_the_simulator():
    files = [
        HERE / name
        for name in (
            "test_cuda.py",
            "test_cuda_check.py",
            "test_cuda_memory.py",
            "test_cuda_kernels.py",
            "test_reference.py",
        )
    ]
    assert run_in_simulator(*files, only="cuda and not simulator") >= 15


@needs_cuda
@pytest.mark.parametrize("make", [full_volume, sparse_volume])
def test_pictures_at_several_poses_are_those_of_the_cpu(rng, make):
    volume = make(rng)
    assert (len(occupied_blocks(volume.values)) > 0) == (make is sparse_volume)
    poses = poses_about(volume)
    for device, host in pairs(volume):
        found, expected = device.render_views(SMALL_CAMERA, poses), host.render_views(SMALL_CAMERA, poses)
        assert expected.max() > 0.1
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=2e-5 * expected.max())
        np.testing.assert_array_equal(device.render(SMALL_CAMERA, poses[1]), found[1])


@needs_cuda
def test_an_object_at_the_source_and_behind_it_is_seen_as_on_the_cpu(rng):
    volume = sparse_volume(rng)
    for distance_mm in (12.0, 1.0, -15.0):
        poses = poses_about(volume, distance_mm)
        for device, host in pairs(volume):
            expected = host.render_views(SMALL_CAMERA, poses)
            np.testing.assert_allclose(device.render_views(SMALL_CAMERA, poses), expected, atol=1e-5, rtol=1e-4)


@needs_cuda
def test_another_camera_and_more_pictures_than_one_launch_takes(rng):
    volume = full_volume(rng)
    tiny = camera_from_detector(2, 3, row_spacing_mm=20.0, column_spacing_mm=20.0, source_to_detector_mm=1000.0)
    device, host = CudaPlaneRenderer(volume), PlaneRenderer(volume)
    for camera, poses in ((SMALL_CAMERA, poses_about(volume)[:1]), (tiny, 17 * poses_about(volume))):
        expected = host.render_views(camera, poses)
        np.testing.assert_allclose(device.render_views(camera, poses), expected, atol=2e-5 * expected.max())


@needs_cuda
@pytest.mark.parametrize("on_device", [False, True])
def test_pictures_go_to_their_places_on_host_and_device(rng, on_device):
    volume, places = volume_of(2e4 * rng.random((12, 15, 9))), [6, 1, 4, 0]
    shape = (7, SMALL_CAMERA.rows, SMALL_CAMERA.columns)
    pictures = CudaPictures(shape) if on_device else ViewPictures(np.zeros(shape, np.float16))
    renderer = CudaPlaneRenderer(volume)
    renderer.render_into(SMALL_CAMERA, poses_about(volume), pictures, places)
    lines = renderer.render_views(SMALL_CAMERA, poses_about(volume))
    assert (lines.min(), lines.max()) > (0.0, MOST_STORED)
    np.testing.assert_array_equal(pictures.host[places], np.minimum(lines, MOST_STORED).astype(np.float16))
    assert not pictures.host[[2, 3, 5]].any()
    if on_device:
        np.testing.assert_array_equal(pictures.device.copy_to_host(), pictures.host)
        assert pictures.device_bytes == pictures.host.nbytes


@needs_cuda
def test_a_cuda_renderer_counts_its_bytes(rng):
    renderer = CudaPlaneRenderer(full_volume(rng))
    assert renderer.device_bytes == 4 * 12 * 15 * 9
    renderer.render(SMALL_CAMERA, poses_about(renderer.volume)[0])
    assert renderer.device_bytes >= 4 * 12 * 15 * 9 + 6 * SMALL_CAMERA.rows * SMALL_CAMERA.columns


@needs_cuda
@pytest.mark.skipif(not SIMULATED, reason="a device would write beyond the array")
def test_what_fails_on_the_cuda_device_is_a_failure_of_the_device(rng):
    volume = full_volume(rng)
    pictures = CudaPictures((1, SMALL_CAMERA.rows, SMALL_CAMERA.columns))
    with pytest.raises(DeviceError, match="expected the CUDA device to render, got: "):
        CudaPlaneRenderer(volume).render_into(SMALL_CAMERA, poses_about(volume)[:1], pictures, [3])


@needs_cuda
def test_a_cache_of_views_on_cuda_holds_what_the_cpus_does(tiny_case):
    settings = CacheSettings(budget_bytes=1, radius_deg=3.0)
    host, device = (open_view_cache(tiny_case, settings, 2.0, *maker) for maker in ((), (CudaRendererMaker(),)))
    index = host.locate(np.eye(4))[1]
    for cache in (host, device):
        slots = list(cache.picture_indices(index))
        assert len(slots) == 6
        assert cache.counts.waited == 5
        found = cache.pictures[slots].astype(np.float32)
        if cache is host:
            expected = found
        else:
            np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3)
            np.testing.assert_array_equal(cache.kept.device.copy_to_host(), cache.pictures)
    assert device.device_bytes > device.pictures.nbytes


def test_the_budget_of_a_cache_counts_what_is_on_a_device_too(tiny_case):
    class OnBoth(CudaRendererMaker):
        def make_view_renderer(self, volume):
            return PlaneRenderer(volume)

        def make_pictures(self, shape):
            return ViewPictures(np.zeros(shape, np.float16))

    settings = CacheSettings(budget_bytes=2**20)
    alone, both = (open_view_cache(tiny_case, settings, 2.0, *maker) for maker in ((), (OnBoth(),)))
    assert len(alone.pictures) == 2 * len(both.pictures) == 2**20 // (2 * 8 * 8)
