"""Whether a frame is mirrored: a pose that is not beyond doubt has a rival in the frame read from right to left.

A mirrored frame of an object that nearly is its own mirror image shows a pose that looks nearly right. Read the other
way round, the frame then shows the object better. What the found pose would be there follows from it, for an object
that is mirrored in one of its own axes: each of the three is followed, and the end most like the frame decides.
"""

from collections.abc import Callable

import numpy as np

from fluoropose.arrays import Mat44, Vec3
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.registration.assessment import WHOLLY_SEEN
from fluoropose.registration.prepared_view import PreparedView, prepare_views
from fluoropose.registration.result import AssessedPose, FrameView
from fluoropose.registration.rivals import tried_end

__all__ = ["Follow", "is_beyond_doubt", "looks_mirrored", "mirrored_poses"]

Follow = Callable[[PreparedView, Mat44], AssessedPose]
"""Finds an object from a start, camera_from_volume, in a prepared view."""

_MORE_ALIKE = 0.005
"""By how much more the frame must look like the object when it is read the other way round."""

_NEARLY_ALL = 0.9
"""Share of the object's edges that must be seen: what is hidden may tell the mirrored object from the right one."""


def is_beyond_doubt(found: AssessedPose) -> bool:
    """Tell whether an object is so wholly seen that no mirrored frame shows it so."""
    return found.similarity >= WHOLLY_SEEN and found.assessment.visible_fraction >= _NEARLY_ALL


def looks_mirrored(view: PreparedView, found: AssessedPose, follow: Follow) -> bool:
    """Tell whether a view shows the object better when its frame is read from right to left."""
    exposure = view.exposure
    placed = PlacedCamera(_mirrored_camera(exposure.camera), mask=view.mask)
    plain = FrameView(exposure.pixels, placed, view.name, exposure.meaning, exposure.inverted)
    (mirrored,) = prepare_views(view.resident, [plain.mirrored()], {})
    least = tried_end(view, found).alike + _MORE_ALIKE
    starts = mirrored_poses(found.estimate.camera_from_volume, view.atlas.view.centre_mm)
    return any(tried_end(mirrored, follow(mirrored, start)).alike > least for start in starts)


def mirrored_poses(camera_from_volume: Mat44, centre_mm: Vec3) -> list[Mat44]:
    """Return where an object seems to be in a mirrored frame, if it is mirrored in its x, y or z, each (4, 4)."""
    across = np.diag([-1.0, 1.0, 1.0])
    centre = across @ transform(camera_from_volume, centre_mm)
    made = []
    for axis in range(3):
        own = np.eye(3)
        own[axis, axis] = -1.0
        turn = across @ camera_from_volume[:3, :3] @ own
        made.append(rigid(turn, centre - turn @ centre_mm))
    return made


def _mirrored_camera(camera: Camera) -> Camera:
    """Return the camera whose frames are those of another one, read from right to left."""
    matrix = camera.intrinsic_matrix.copy()
    matrix[0, 1], matrix[0, 2] = -matrix[0, 1], camera.columns - 1 - matrix[0, 2]
    return Camera(camera.rows, camera.columns, matrix)
