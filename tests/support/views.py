"""The small case seen by two cameras ten degrees apart, within its atlas."""

import numpy as np

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.geometry.rotation import about_y
from fluoropose.registration.result import FrameView
from fluoropose.transports.http.schemas import camera_json

__all__ = ["one_view", "placed_json", "rig_places", "taken"]


def one_view(pixels, camera, **change):
    """Return the frame of a camera that stands in the world's origin."""
    return FrameView(pixels, PlacedCamera(camera), **change)


def rig_places(small_case, pose):
    """Return camera_from_world of the cameras a and b; the world is a's frame."""
    centre = transform(pose, small_case.atlas.view.centre_mm)
    turn = about_y(np.deg2rad(10.0))
    return {"a": np.eye(4), "b": rigid(turn, centre - turn @ centre)}


def taken(small_case, camera, camera_from_volume):
    """Return the frame that a camera takes."""
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, camera_from_volume)
    return np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)


def placed_json(camera, places):
    """Return the cameras of a session as the API takes them."""
    return {name: camera_json(camera) | {"camera_from_world": place.tolist()} for name, place in places.items()}
