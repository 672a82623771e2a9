"""A small object before a detector as fine as the canonical view, as the detector shows it."""

import numpy as np

from fluoropose.arrays import Float32, Mat44
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.camera import Camera, camera_from_detector


def fine_camera() -> Camera:
    """Return a detector as fine as the canonical view."""
    return camera_from_detector(192, 192, row_spacing_mm=0.5, column_spacing_mm=0.5, source_to_detector_mm=1100.0)


def shot(case: Case, camera: Camera, camera_from_volume: Mat44, rng: np.random.Generator) -> Float32:
    """Return what a detector shows: hardened, a tenth of scatter, some noise."""
    lines = CpuRenderer(case.volume, 1.0).render(camera, camera_from_volume)
    shown = -np.log(np.exp(-1.16 * lines / np.sqrt(1.0 + 0.3 * lines)) + 0.1)
    return np.asarray(shown + 0.003 * rng.standard_normal(lines.shape), np.float32)
