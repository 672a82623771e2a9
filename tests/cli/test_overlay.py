"""Pictures of a view: as it is, its start, what was found."""

import numpy as np

from fluoropose.cli.overlay import view_panels
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.registration.result import FrameView


def test_the_start_has_a_panel_only_where_there_is_one(small_case, camera, frame, pose):
    view = FrameView(frame, PlacedCamera(camera))
    assert view_panels(small_case, "a", view, pose, pose).shape == (96, 3 * 128, 3)
    found = view_panels(small_case, "a", view, None, pose)
    assert found.shape == (96, 2 * 128, 3)
    assert found.dtype == np.uint8
    assert view_panels(small_case, "a", view, None, None).shape == (96, 128, 3)
