"""Frames of a camera that turns about an object, with known errors, and what a smoother makes of them."""

import numpy as np

from fluoropose.geometry.rigid import rigid, transform
from fluoropose.geometry.rotation import about_y, from_rotation_vector
from fluoropose.tracking.smoother import Smoother, Smoothing

CENTRE = np.array([10.0, -20.0, 30.0])


TRUTH = rigid(from_rotation_vector(np.array([0.2, -0.4, 0.1])), np.array([5.0, 3.0, -2.0]))


MIDDLE = transform(TRUTH, CENTRE)


SIGMAS = np.array([0.2, 0.2, 3.0, 0.01, 0.01, 0.01])
"""Of a frame's error along its camera's axes: depth is fifteen times worse."""


def camera_at(degrees):
    """Return camera_from_world of a C-arm turned about the world's y, 900 mm from the object's centre."""
    rotation = about_y(np.deg2rad(degrees))
    return rigid(rotation, np.array([0.0, 0.0, 900.0]) - rotation @ MIDDLE)


def information(camera_from_world, sigmas=SIGMAS):
    turn = np.kron(np.eye(2), camera_from_world[:3, :3])
    return turn.T @ np.diag(sigmas**-2.0) @ turn


def pose_with_error(camera_from_world, error, truth=TRUTH):
    """Return the truth with an error (6,) along the camera's axes: its centre moved, its rotation turned."""
    turn = camera_from_world[:3, :3].T
    rotation = from_rotation_vector(turn @ error[3:]) @ truth[:3, :3]
    centre = transform(truth, CENTRE) + turn @ error[:3]
    return rigid(rotation, centre - rotation @ CENTRE)


def smooth_frames(angles_deg, errors, settings=Smoothing(window_s=100.0, same_view_deg=3.0), fps=15.0, sigmas=SIGMAS):
    smoother = Smoother(CENTRE, settings)
    for n, (angle, error) in enumerate(zip(angles_deg, errors, strict=True)):
        camera = camera_at(angle)
        answer = smoother.add(n / fps, pose_with_error(camera, error), information(camera, sigmas), camera)
    return answer


def centre_error_mm(answer):
    return float(np.linalg.norm(transform(answer.world_from_volume, CENTRE) - MIDDLE))


def depth_sigma(answer, degrees=0.0):
    return answer.sigma_along_mm(camera_at(degrees)[2, :3])
