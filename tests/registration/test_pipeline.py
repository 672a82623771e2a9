"""The engine with a tiny model: the same numbers again, golden outputs, and every refusal."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import BundleError, DeviceError, FrameError, UnknownCaseError
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.gpus import list_gpus
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.serving.case_cache import CaseCache
from support.cases import tiny_bundle


@pytest.fixture(scope="module")
def bundle(models_root):
    return load_bundle(models_root / "small")


@pytest.fixture(scope="module")
def case_cache(small_case, bundle):
    case_cache = CaseCache(open_device("cpu", 2))
    case_cache.add(small_case, bundle)
    return case_cache


def test_the_same_frame_gives_the_same_pose_to_the_last_bit(case_cache, camera, frame, pose):
    resident = case_cache.case("small")
    found = [
        resident.register(frame, camera, PixelMeaning.INTENSITY, False, Plan(pose, nearby)).camera_from_volume
        for nearby in (False, True, False, True)
    ]
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])


def test_inverted_pixels_mean_the_same(case_cache, camera, frame, pose):
    resident = case_cache.case("small")
    plain = resident.register(frame, camera, PixelMeaning.INTENSITY, False, Plan(pose, False))
    turned = (frame.max() - frame).astype(np.uint16)
    inverted = resident.register(turned, camera, PixelMeaning.INTENSITY, True, Plan(pose, False))
    # The darkest pixel is black when turned, which depth feels; what the picture shows is the same.
    apart = pose_error(inverted.camera_from_volume, plain.camera_from_volume, resident.case.corners_mm)
    assert apart.in_plane_mm < 0.1 and apart.mtre_proj_mm < 0.4


def test_times_of_the_stages_add_up(case_cache, camera, frame, pose):
    timing = (
        case_cache.case("small").register(frame, camera, PixelMeaning.INTENSITY, False, Plan(pose, False)).timing_ms
    )
    parts = sum(value for stage, value in timing.items() if stage != "total")
    assert 0.0 < parts <= timing["total"] * 1.001
    assert "locate" not in timing


def test_a_tracked_frame_that_is_tried_twice_counts_both_tries(case_cache, camera, rng, pose):
    """An untrained model is never sure of noise, so the short schedule is followed by the whole one."""
    noise = rng.integers(100, 60000, (camera.rows, camera.columns)).astype(np.uint16)
    resident = case_cache.case("small")
    for _ in range(3):
        timing = resident.register(noise, camera, PixelMeaning.INTENSITY, False, Plan(pose, True)).timing_ms
    parts = sum(value for stage, value in timing.items() if stage != "total")
    assert parts > 0.9 * timing["total"]


def test_a_search_is_separate_bodies(case_cache, camera, frame):
    found = case_cache.case("small").register(frame, camera, PixelMeaning.INTENSITY, False, Plan(None, False))
    assert found.timing_ms["locate"] > 0.0


def test_a_frame_of_the_wrong_size_is_refused(case_cache, camera, frame, pose):
    with pytest.raises(FrameError, match="expected 96 x 128"):
        case_cache.case("small").register(frame[:50], camera, PixelMeaning.INTENSITY, False, Plan(pose, False))


def test_cases_come_and_go(small_case, bundle):
    case_cache = CaseCache(open_device("cpu", 1))
    assert case_cache.names() == []
    case_cache.add(small_case, bundle)
    assert case_cache.names() == ["small"]
    assert case_cache.atlas_bytes() == small_case.atlas.views.nbytes
    case_cache.remove("small")
    for call in (case_cache.case, case_cache.remove):
        with pytest.raises(UnknownCaseError, match="small"):
            call("small")


def test_a_bundle_that_computes_otherwise_is_refused(small_case, bundle):
    golden = replace(bundle.golden, residuals=bundle.golden.residuals + bundle.golden.sigmas)
    with pytest.raises(BundleError, match="golden outputs"):
        ResidentCase(small_case, replace(bundle, golden=golden), open_device("cpu", 1))


def test_a_bundle_of_another_case_is_refused(small_case, bundle):
    with pytest.raises(BundleError, match="another case"):
        ResidentCase(small_case, replace(bundle, case_digest="0" * 16), open_device("cpu", 1))


def test_bytes_that_are_no_model_are_refused(small_case, bundle):
    with pytest.raises(BundleError, match="ONNX model that runs"):
        ResidentCase(small_case, replace(bundle, models={"coarse": b"x", "fine": b"x"}), open_device("cpu", 1))


def test_devices_never_fall_back_in_silence():
    with pytest.raises(DeviceError, match="auto, cpu or cuda"):
        open_device("tpu", 1)
    if list_gpus():
        assert open_device("cuda", 1).label == "cuda:0"
        return
    assert open_device("auto", 1).name == "cpu"
    assert open_device("auto", 1).note == "the driver reports no GPU"
    with pytest.raises(DeviceError, match="expected a usable CUDA device"):
        open_device("cuda", 1)


@pytest.mark.gpu
def test_cuda_gives_the_cpus_poses(small_case, bundle, camera, frame, pose):
    found = [
        ResidentCase(small_case, bundle, open_device(name, 2)).register(
            frame, camera, PixelMeaning.INTENSITY, False, Plan(pose, False)
        )
        for name in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(found[0].camera_from_volume, found[1].camera_from_volume, atol=1e-2)


def test_a_huge_frame_is_binned(case_cache, small_case, pose):
    camera = Camera(800, 1000, np.array([[8000.0, 0, 500], [0, 8000.0, 400], [0, 0, 1]]))
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    pixels = np.round(200 * np.exp(-lines)).astype(np.uint8)
    found = case_cache.case("small").register(pixels, camera, PixelMeaning.INTENSITY, False, Plan(pose, False))
    assert np.isfinite(found.camera_from_volume).all()


def test_only_an_object_in_a_body_is_separate_bodies_from_it(
    small_case, bundle, surrounded_case, tmp_path, camera, frame, pose, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        "fluoropose.registration.resident_case.separate_bodies", lambda *args: asked.append(args) or (args[2], 0.7)
    )
    inside = ResidentCase(surrounded_case, tiny_bundle(surrounded_case, tmp_path), open_device("cpu", 1))
    ResidentCase(small_case, bundle, open_device("cpu", 1)).register(
        frame, camera, PixelMeaning.INTENSITY, False, Plan(pose, False)
    )
    assert asked == []
    found = inside.register(frame, camera, PixelMeaning.INTENSITY, False, Plan(pose, False))
    image, seen_by, finding, atlas, bodies = asked[0]
    assert atlas is surrounded_case.atlas
    assert bodies is inside.bodies
    np.testing.assert_array_equal(finding.camera_from_volume, found.camera_from_volume)
