"""How fast both renderers make one canonical view of a case: rays and samples per second, and their ratio."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.reference import ReferenceRenderer, box_interval
from fluoropose.drr.renderer import ray_frame
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import pose_from_canonical, view_rotation
from fluoropose.imaging.volume import Volume

__all__ = ["measure_renderers"]


def measure_renderers(case: Case) -> dict[str, dict[str, float]]:
    """Return rays and samples per second of both renderers on one canonical view, and their ratio."""
    view, volume = case.atlas.view, case.volume
    pose = pose_from_canonical(np.eye(3), view_rotation(0.1, 0.1, view), np.array([0.0, 0.0, view.range_mm]), view)
    step = default_step_mm(volume)
    fast, slow = CpuRenderer(volume, step), ReferenceRenderer(volume, step)
    fast.render(view.camera, pose)
    seconds = {
        "cpu": _median_seconds(lambda: fast.render(view.camera, pose), 30),
        "reference": _median_seconds(lambda: slow.render(view.camera, pose), 3),
    }
    rays = view.size_px**2
    samples = _sample_count(volume, view.camera, pose, step)
    rates = {
        name: {"rays_per_s": rays / value, "samples_per_s": samples / value, "ms": 1e3 * value}
        for name, value in seconds.items()
    }
    rates["ratio"] = {"reference_over_cpu": seconds["reference"] / seconds["cpu"]}
    return rates


def _sample_count(volume: Volume, camera: Camera, pose: Mat44, step_mm: float) -> float:
    """Return how many samples of `step_mm` lie on the rays inside the volume's box: the work of one picture."""
    rays = ray_frame(volume, camera, pose)
    u, v = np.meshgrid(np.arange(camera.columns), np.arange(camera.rows))
    pixels = np.stack([u.ravel(), v.ravel(), np.ones(u.size)], axis=1)
    near, far = box_interval(
        rays.origin, np.asarray(pixels @ rays.index_from_pixel.T, np.float64), np.array(volume.values.shape) - 1.0
    )
    lengths_mm = (far - near) * np.linalg.norm(pixels @ rays.direction_from_pixel.T, axis=1)
    return float(np.ceil(lengths_mm / step_mm).sum())


def _median_seconds(work: Callable[[], Any], runs: int) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return float(np.median(times))
