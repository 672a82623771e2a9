"""The public Python face: the example of its page runs, every name is there, and misuse is said in words."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fluoropose
from fluoropose.errors import BundleError, FrameError, GeometryError, InputError, VolumeError
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.io.nifti import write_nifti
from support.cases import small_volume
from support.meshes import box_mesh, stl_bytes


@pytest.fixture(scope="module")
def registrar(small_case, models_root):
    return fluoropose.Registrar(small_case, models_root / "small")


def test_every_public_name_is_there():
    for name in fluoropose.__all__:
        assert getattr(fluoropose, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fluoropose.nothing  # noqa: B018


def test_importing_the_package_loads_no_runtime():
    """The client and the command line start quickly: ONNX Runtime and numba wait until a name is used."""
    code = "import sys, fluoropose; print('onnxruntime' in sys.modules, 'numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_case_is_prepared_opened_and_found_without_a_server(tmp_path, registrar, small_case, camera, frame, pose):
    """The tiny model is untrained, so the pose is only near; the shipped ones are measured elsewhere."""
    found = registrar.register(frame, camera, pose)
    assert found.status in ("TRACKING", "LOW_CONFIDENCE", "LOST")
    assert pose_error(found.camera_from_volume, pose, small_case.corners_mm).mtre_proj_mm < 5.0
    np.testing.assert_allclose(found.covariance - found.tolerance_covariance, found.judged.covariance, atol=1e-9)
    assert np.linalg.eigvalsh(found.judged.covariance).min() > 0.0
    assert found.error_estimate.depth_mm > 0.005 * 800.0
    np.testing.assert_array_equal(found.camera_from_volume, registrar.register(frame, camera, pose).camera_from_volume)


def test_a_mask_hides_what_it_is_told_to(registrar, camera, frame, pose):
    whole = fluoropose.FieldMask(circle_px=(64.0, 48.0, 500.0))
    same = registrar.register(frame, camera, pose, mask=whole)
    np.testing.assert_array_equal(same.camera_from_volume, registrar.register(frame, camera, pose).camera_from_volume)
    hidden = fluoropose.FieldMask(circle_px=(5.0, 5.0, 4.0))
    assert registrar.register(frame, camera, pose, mask=hidden).status == "LOST"
    (tracked,) = registrar.track([frame], camera, pose, mask=hidden)
    assert tracked.status == "LOST"


def test_a_shipped_object_is_prepared_by_name_and_found_by_its_shipped_model(tmp_path):
    case = fluoropose.prepare("plate", tmp_path / "plate")
    assert fluoropose.open_case(tmp_path / "plate").digest == case.digest
    camera = fluoropose.camera_from_detector(
        256, 256, row_spacing_mm=0.7, column_spacing_mm=0.7, source_to_detector_mm=1200.0
    )
    truth = np.eye(4)
    truth[:3, :3] = case.atlas.view.base_rotation
    truth[:3, 3] = [2.0, -1.0, 890.0] - truth[:3, :3] @ case.atlas.view.centre_mm
    pixels = np.round(50000.0 * np.exp(-fluoropose.render(case, camera, truth)) + 500.0).astype(np.uint16)
    start = truth.copy()
    start[:3, 3] += [1.0, 1.0, 10.0]
    found = fluoropose.register(case, pixels, camera, start)
    assert found.status == "TRACKING"
    assert pose_error(found.camera_from_volume, truth, case.corners_mm).mtre_proj_mm < 0.01 * case.size_mm


def test_a_mesh_is_prepared_with_its_material(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh()))
    case = fluoropose.prepare(
        tmp_path / "part.stl", tmp_path / "part", material="bone", half_range_deg=4.0, step_deg=4.0
    )
    assert case.volume.values.max() == pytest.approx(0.0494, abs=1e-4)
    with pytest.raises(InputError, match="got neither"):
        fluoropose.prepare(tmp_path / "part.stl", tmp_path / "other")


def test_a_volume_of_attenuation_is_prepared_as_such(tmp_path):
    write_nifti(tmp_path / "object.nii", small_volume(3.0))
    few = {"half_range_deg": 4.0, "step_deg": 4.0}
    case = fluoropose.prepare(tmp_path / "object.nii", tmp_path / "object", attenuation=True, **few)
    assert case.rest is None
    with pytest.raises(VolumeError, match="look like attenuation"):
        fluoropose.prepare(tmp_path / "object.nii", tmp_path / "other", in_air=True)


def test_a_run_is_followed_frame_by_frame(registrar, camera, frame, pose):
    found = list(registrar.track([frame] * 3, camera, pose))
    assert len(found) == 3
    with pytest.raises(InputError, match="capture time for every frame"):
        list(registrar.track([frame] * 3, camera, pose, times_s=[0.0, 0.1]))


def test_views_need_a_camera_each(registrar, camera, frame, pose):
    placed = fluoropose.PlacedCamera(camera)
    alone = registrar.register_views([frame], [placed], pose)
    np.testing.assert_array_equal(alone.camera_from_volume, registrar.register(frame, camera, pose).camera_from_volume)
    with pytest.raises(InputError, match="one camera per frame"):
        registrar.register_views([frame, frame], [placed], pose)


def test_misuse_is_said_in_words(registrar, small_case, camera, frame, pose, tmp_path):
    with pytest.raises(BundleError, match="expected the folder of a model for case 'small'"):
        fluoropose.Registrar(small_case, tmp_path / "none")
    with pytest.raises(InputError, match="expected a pixel meaning of intensity"):
        registrar.register(frame, camera, pose, pixel_meaning="bright")
    with pytest.raises(FrameError, match="expected 96 x 128"):
        registrar.register(frame[:10], camera, pose)
    with pytest.raises(GeometryError):
        registrar.register(frame, camera, 2.0 * pose)


def test_the_example_of_its_page_runs(tmp_path, monkeypatch, capsys):
    page = Path(__file__).resolve().parents[1] / "docs" / "tutorials" / "python.md"
    (code,) = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.S | re.M)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(page), "exec"), {"__name__": "example"})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("TRACKING")
    assert [line.split()[0] for line in lines[-5:]] == ["TRACKING"] * 5
    assert max(abs(float(line.split()[1])) for line in lines[-5:]) < 0.2
