"""A case: one object of one CT with its expected view, as the networks of its bundle were trained on it."""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Points
from fluoropose.drr.atlas import Atlas
from fluoropose.geometry.pose6 import Pose6Frame
from fluoropose.imaging.mesh import Solid
from fluoropose.imaging.volume import Volume

__all__ = ["Case"]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An object that is ready to be registered.

    Attributes
    ----------
    name : the name of the case
    digest : identifies the source data and the view; a bundle fits only cases with its own digest
    volume : the object's attenuation in 1/mm
    rest : the attenuation of what is left of its CT, or None
    corners_mm : the corners of the object's box in LPS, shape (8, 3)
    atlas : the cached views
    solid : the mesh that the volume was filled from, in the same frame, or None
    """

    name: str
    digest: str
    volume: Volume
    rest: Volume | None
    corners_mm: Points
    atlas: Atlas
    solid: Solid | None = None

    @property
    def size_mm(self) -> float:
        """The diagonal of the object's box."""
        return float(np.linalg.norm(np.ptp(self.corners_mm, axis=0)))

    @property
    def pose_frame(self) -> Pose6Frame:
        """The reference of the six parameters."""
        return Pose6Frame(self.atlas.view.centre_mm, self.atlas.view.base_rotation)
