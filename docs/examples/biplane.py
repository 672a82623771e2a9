"""Two cameras on one world: the frames of an instant sent as they come, one pose of both.

python docs/examples/biplane.py            (beside a running `fluoropose serve`)
"""

import time

import numpy as np

from fluoropose.client import Client
from fluoropose.objects.catalogue import OBJECTS

plate = OBJECTS["plate"]
camera = {
    "rows": 512, "columns": 512, "row_spacing_mm": plate.pixel_mm, "column_spacing_mm": plate.pixel_mm,
    "source_to_detector_mm": plate.source_to_detector_mm,
}  # fmt: skip


def seen_from(degrees: float) -> np.ndarray:
    """Return camera_from_world of a camera that looks at the world's origin from an angle about the vertical."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, 0, s, 0], [0, 1, 0, 0], [-s, 0, c, plate.range_mm], [0, 0, 0, 1]])


places = {"frontal": seen_from(0), "oblique": seen_from(25)}
cameras = {name: camera | {"camera_from_world": place.tolist()} for name, place in places.items()}
upright = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])

with Client("http://127.0.0.1:8000", "grpc", grpc="127.0.0.1:8001") as client:
    tracker = client.track("plate", cameras=cameras, pixel_meaning="line_integral", initial_pose=upright)
    for n in range(10):
        world_from_volume = upright.copy()
        world_from_volume[:3, 3] = [0.5 * n, 0.0, 1.0 * n]
        frames = {name: client.render("plate", camera, place @ world_from_volume) for name, place in places.items()}
        results = tracker.send_views(frames, captured_at=time.time())
        joint = max(results.values(), key=lambda result: len(result["views"]))
        found = np.array(joint["world_from_volume"])[:3, 3]
        print(joint["seq"], joint["status"], joint["views"], np.round(found - world_from_volume[:3, 3], 2), "mm off")
    tracker.close()
