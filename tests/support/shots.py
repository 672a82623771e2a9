"""A small object before a detector as fine as the canonical view, as it shows it, and what networks leave of it."""

import numpy as np
from scipy.ndimage import gaussian_filter

from fluoropose.arrays import Float32, Mat44
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.camera import Camera, camera_from_detector
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.regression.schedule import PoseEstimate
from fluoropose.registration.regression.step import Regression

SIGMAS = np.array([0.1, 0.1, 4.0, 0.005, 0.015, 0.015])


def fine_camera() -> Camera:
    """Return a detector as fine as the canonical view."""
    return camera_from_detector(192, 192, row_spacing_mm=0.5, column_spacing_mm=0.5, source_to_detector_mm=1100.0)


def shot(
    case: Case, camera: Camera, camera_from_volume: Mat44, rng: np.random.Generator, hardened: bool = True
) -> Float32:
    """Return what a detector shows: hardened, a tenth of scatter, some noise."""
    lines = CpuRenderer(case.volume, 1.0).render(camera, camera_from_volume)
    reaching = 1.16 * lines / np.sqrt(1.0 + 0.3 * lines) if hardened else lines
    shown = -np.log(np.exp(-reaching) + 0.1)
    return np.asarray(shown + 0.003 * rng.standard_normal(lines.shape), np.float32)


def believed(case: Case, camera: Camera, camera_from_volume: Mat44, presence: float = 1.0) -> PoseEstimate:
    """Return what networks that ended at a pose leave."""
    current = align_view(camera_from_volume, camera, case.atlas)
    seen = Regression(current.view_residual[None], SIGMAS[None], np.diag(SIGMAS**-2.0)[None], np.array([presence]))
    return PoseEstimate(camera_from_volume, seen, (0.0, 0.0, 0.0), 1, 2, 3)


def cluttered(frame: Float32, rng: np.random.Generator) -> Float32:
    """Return a frame of an object among much else of about its own strength: soft blobs everywhere."""
    other = gaussian_filter(rng.standard_normal(frame.shape), 1.0)
    return np.asarray(frame + 0.6 * frame.std() / other.std() * other, np.float32)
