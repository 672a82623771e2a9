"""A camera, a pose and bodies whose line integrals are known exactly."""

import numpy as np

from fluoropose.geometry.camera import camera_from_detector, ray_directions
from fluoropose.geometry.rigid import inverse, rigid
from fluoropose.geometry.rotation import from_zxy
from fluoropose.imaging.phantom import Box, Ellipsoid, line_integrals

CAMERA = camera_from_detector(40, 48, row_spacing_mm=1.6, column_spacing_mm=1.5, source_to_detector_mm=1000.0)


SMALL_CAMERA = camera_from_detector(7, 8, row_spacing_mm=9.2, column_spacing_mm=9.0, source_to_detector_mm=1000.0)
"""The same field in few pixels: numba's simulator of CUDA takes a thread of Python for each."""


POSE = rigid(from_zxy(0.5, 0.3, -0.4), np.array([3.0, -2.0, 800.0]))


TURN = from_zxy(0.2, 0.7, -0.3)


BODIES = {
    "sphere": Ellipsoid(np.zeros(3), np.full(3, 16.0), np.eye(3), 0.03),
    "ellipsoid": Ellipsoid(np.array([1.0, -2.0, 0.5]), np.array([9.0, 13.0, 17.0]), TURN, 0.03),
    "box": Box(np.array([-1.0, 1.0, 0.0]), np.array([8.0, 11.0, 9.0]), TURN, 0.03),
}


def exact_line_integrals(body, camera=CAMERA):
    volume_from_camera = inverse(POSE)
    directions = ray_directions(camera) @ volume_from_camera[:3, :3].T
    return line_integrals([body], volume_from_camera[:3, 3], directions)
