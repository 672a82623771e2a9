"""A case: one object of one CT, with everything about it that a frame needs and its regressors were trained on."""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Points
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.pose6 import Pose6Frame
from fluoropose.imaging.volume import Volume

__all__ = ["Case"]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """The object ready to be found.

    `digest` names source data and view together: a model fits a case of the same digest only. `volume` holds the
    object's attenuation (1/mm), `rest` the other anatomy of its CT or None, `corners_mm` (8, 3) the corners of its
    box in LPS, `atlas` the cached views.
    """

    name: str
    digest: str
    volume: Volume
    rest: Volume | None
    corners_mm: Points
    atlas: Atlas

    @property
    def size_mm(self) -> float:
        """Diagonal of the object's box."""
        return float(np.linalg.norm(np.ptp(self.corners_mm, axis=0)))

    @property
    def pose_frame(self) -> Pose6Frame:
        """What the six parameters are counted from."""
        return Pose6Frame(self.atlas.view.centre_mm, self.atlas.view.base_rotation)
