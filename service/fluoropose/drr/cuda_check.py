"""Whether a CUDA device can be rendered on: it must give the pictures of the CPU once, before it is trusted."""

import numpy as np
from numba import config, cuda

from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.cuda import CudaPlaneRenderer, CudaRenderer
from fluoropose.drr.cuda_memory import CudaPictures, first_line
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.volume import Volume

__all__ = ["cuda_problem", "wrong_pictures"]

_CAMERA = Camera(7, 9, np.array([[1000.0 / 8.0, 0.0, 4.0], [0.0, 1000.0 / 8.0, 3.0], [0.0, 0.0, 1.0]]))

_TOLERANCE = 1e-3
"""Largest difference to the CPU's pictures, of their largest value; float16 is exact to half as much."""


def cuda_problem() -> str | None:
    """Return why pictures cannot be rendered on a CUDA device here, or None where they can.

    The first call compiles the kernels, which takes seconds.
    """
    if config.ENABLE_CUDASIM:
        return "NUMBA_ENABLE_CUDASIM is set, so that numba only simulates CUDA"
    try:
        if not cuda.is_available():
            return f"numba finds no CUDA device: {first_line(cuda.cuda_error() or 'none is attached')}"
        return wrong_pictures()
    except Exception as error:
        return f"numba cannot run a CUDA kernel: {first_line(error)}"


def wrong_pictures() -> str | None:
    """Render a small volume at two poses with every kernel; return what differs from the CPU's pictures, or None."""
    i, j, k = np.mgrid[:26, :14, :11]
    values = np.where((i < 8) & (j > 3), 0.01 + 0.001 * ((i + 2 * j + 3 * k) % 7), 0.0)
    volume = Volume(values, np.diag([1.5, 2.0, 1.2, 1.0]))
    middle = np.array([18.0, 13.0, 6.0])
    turns = [from_zxy(0.3, 0.2, -0.4), from_zxy(-0.5, 1.3, 0.1)]
    poses = [rigid(turn, np.array([0.0, 0.0, 900.0]) - turn @ middle) for turn in turns]
    step_mm = default_step_mm(volume)
    by_steps, by_planes = CudaRenderer(volume, step_mm), CudaPlaneRenderer(volume)
    planes = PlaneRenderer(volume).render_views(_CAMERA, poses)
    pictures = CudaPictures((3, _CAMERA.rows, _CAMERA.columns))
    by_planes.render_into(_CAMERA, poses, pictures, [2, 0])
    compared = {
        "by steps": (by_steps.render_views(_CAMERA, poses), CpuRenderer(volume, step_mm).render_views(_CAMERA, poses)),
        "by planes": (by_planes.render_views(_CAMERA, poses), planes),
        "kept on the host": (pictures.host[[2, 0]], planes),
        "kept on the device": (pictures.device.copy_to_host()[[2, 0]], planes),
    }
    for name, (found, expected) in compared.items():
        difference = float(np.abs(found.astype(np.float32) - expected).max() / expected.max())
        if not difference <= _TOLERANCE:
            return f"its pictures {name} differ from the CPU's by {difference:.2g} of their largest value"
    return None
