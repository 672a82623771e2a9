import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError
from fluoropose.evaluation.baselines.scene import Target, bin_volume, window_around
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.xray import Exposure, PixelMeaning


def test_binning_keeps_mass_and_place(rng):
    place = np.diag([0.5, 0.7, 0.9, 1.0])
    place[:3, 3] = [3.0, -2.0, 1.0]
    # Blocks of one value each, as large as the bins: nothing is lost by averaging them.
    values = np.kron(rng.uniform(size=(2, 3, 4)), np.ones((3, 3, 3)))
    volume = Volume(values.astype(np.float32), place)
    small = bin_volume(volume, 3)

    def moments(item):
        index = np.stack(np.meshgrid(*(np.arange(n) for n in item.values.shape), indexing="ij"), axis=-1)
        placed = index @ item.lps_from_index[:3, :3].T + item.lps_from_index[:3, 3]
        cell = abs(np.linalg.det(item.lps_from_index[:3, :3]))
        mass = float(item.values.sum()) * cell
        return mass, (placed * item.values[..., None]).sum(axis=(0, 1, 2)) * cell / mass

    for fine, coarse in zip(moments(volume), moments(small), strict=True):
        np.testing.assert_allclose(coarse, fine, rtol=1e-5)


def test_a_coarse_drr_is_the_fine_one_blurred(small_case, camera, pose):
    fine = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    coarse = CpuRenderer(bin_volume(small_case.volume, 2), 2.0).render(camera, pose)
    assert coarse.sum() == pytest.approx(fine.sum(), rel=0.01)


def test_a_window_shows_the_same_part(small_case, camera, pose):
    window = window_around(camera, pose, small_case.corners_mm, 0.1)
    renderer = CpuRenderer(small_case.volume, 1.0)
    whole = renderer.render(camera, pose)
    np.testing.assert_allclose(renderer.render(window.camera, pose), whole[window.rows, window.columns], atol=2e-4)
    assert whole.sum() == pytest.approx(whole[window.rows, window.columns].sum())


def test_an_object_outside_has_no_window(small_case, camera, pose):
    gone = pose.copy()
    gone[0, 3] += 500.0
    with pytest.raises(InputError, match="inside the frame"):
        window_around(camera, gone, small_case.corners_mm, 0.1)


def test_levels_have_the_pixels_asked_for(small_case, camera, frame):
    target = Target(small_case)
    # 49 mm / 10 at 900 mm are 3.9 pixels of a camera with a focal length of 710 px.
    level = target.level(Exposure(frame, camera, PixelMeaning.INTENSITY), 1 / 10)
    assert level.camera.focal_px == pytest.approx(camera.focal_px / 4)
    assert level.frame.shape == (camera.rows // 4, camera.columns // 4)
    assert target.level(Exposure(frame, camera, PixelMeaning.INTENSITY), 1 / 1000).frame.shape == (
        camera.rows,
        camera.columns,
    )


def test_the_floor_dims_only_what_is_dark(small_case, camera, pose, frame):
    level = Target(small_case).level(Exposure(frame, camera, PixelMeaning.INTENSITY), 1 / 100)
    lines = level.renderer.render(camera, pose)
    shown = level.drr(camera, pose, 0.1)
    np.testing.assert_allclose(shown, -np.log(np.exp(-lines) + 0.1), atol=1e-5)
    assert shown.max() < -np.log(0.1)
