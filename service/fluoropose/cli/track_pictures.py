"""The pictures of a trial: the video with the outlines of all objects on each view."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.cli.track_trial import Trial
from fluoropose.drr.silhouette import object_outline
from fluoropose.imaging.xray import line_integral_image
from fluoropose.io.overlays import outlined_picture
from fluoropose.io.pictures import Picture
from fluoropose.tracking.trial import TrialObject

__all__ = ["overlay_pictures"]


def overlay_pictures(
    trial: Trial, objects: Sequence[TrialObject], rows: Sequence[Mapping[str, Any]]
) -> Iterator[Picture]:
    """Yield a picture per instant: its views side by side, with the outlines of the objects that were found."""
    for row in rows:
        panels = []
        for view in trial.instant(int(row["frame"])):
            frame = line_integral_image(view.pixels, view.meaning, 1, view.inverted)
            outlines: list[Float64] = []
            for one, found in zip(objects, row["objects"], strict=True):
                if found["world_from_volume"] is not None:
                    pose = view.placed.camera_from_world @ np.array(found["world_from_volume"])
                    resident = one.resident
                    outlines += object_outline(resident.renderer, view.placed.camera, pose, resident.case.corners_mm)
            panels.append(outlined_picture(frame, outlines))
        height = max(panel.shape[0] for panel in panels)
        yield np.concatenate([np.pad(panel, ((0, height - len(panel)), (0, 0), (0, 0))) for panel in panels], axis=1)
