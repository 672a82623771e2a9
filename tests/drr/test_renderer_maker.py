"""What the CPU's maker makes."""

import numpy as np

from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.planes import SerialPlaneRenderer
from fluoropose.drr.renderer_maker import CPU
from support.cases import small_volume
from support.renderings import CAMERA, POSE


def test_the_cpu_renders_any_camera_by_steps_and_views_by_planes():
    volume = small_volume()
    by_steps, by_planes = CPU.make_renderer(volume), CPU.make_view_renderer(volume)
    expected = CpuRenderer(volume, default_step_mm(volume)).render(CAMERA, POSE)
    np.testing.assert_array_equal(by_steps.render(CAMERA, POSE), expected)
    assert isinstance(by_planes, SerialPlaneRenderer)
    assert (by_steps.at_once, by_steps.device_bytes, CPU.label, CPU.copies) == (1, 0, "cpu", 1)


def test_its_pictures_are_on_the_host():
    pictures = CPU.make_pictures((3, 4, 5))
    assert (pictures.host.shape, pictures.host.dtype, pictures.address) == ((3, 4, 5), np.float16, None)
    renderer = CPU.make_view_renderer(small_volume())
    renderer.render_into(CAMERA, [], pictures, [])
    assert not pictures.host.any()
