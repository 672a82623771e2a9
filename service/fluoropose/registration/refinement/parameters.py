"""Parameters of a pose about the one at which a cost was evaluated: the change of parametrisation. mm and rad."""

from abc import ABC, abstractmethod

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.drr.atlas import Atlas
from fluoropose.registration.multi_view_equations import apply_twist
from fluoropose.registration.regression.residual import Group, ViewAlignment, apply_residual, residual_to_pose

__all__ = ["AbstractParameters", "TwistParameters", "ViewParameters"]


class AbstractParameters(ABC):
    """Six parameters about a pose, whose own parameters are `origin` (6,)."""

    origin: Float64

    @abstractmethod
    def pose_at(self, parameters: Float64) -> Mat44:
        """Return the pose that has these parameters, (6,)."""

    @abstractmethod
    def parameters_of(self, pose: Mat44) -> Float64:
        """Return the parameters of a pose, (6,)."""


class ViewParameters(AbstractParameters):
    """The residual against a cached view (`regression.residual`): poses are camera_from_volume."""

    def __init__(self, alignment: ViewAlignment, atlas: Atlas) -> None:
        self.origin = alignment.view_residual
        self.alignment = alignment
        self._atlas = atlas

    def pose_at(self, parameters: Float64) -> Mat44:
        """Return camera_from_volume at a residual."""
        return apply_residual(self.alignment, parameters, Group.ALL, self._atlas)

    def parameters_of(self, pose: Mat44) -> Float64:
        """Return the residual that leads to camera_from_volume."""
        return residual_to_pose(pose, self.alignment, self._atlas)


class TwistParameters(AbstractParameters):
    """A twist in the world about the object's centre: poses are world_from_volume."""

    def __init__(self, world_from_volume: Mat44, atlas: Atlas) -> None:
        self.origin = np.zeros(6)
        self._pose, self._atlas = world_from_volume, atlas

    def pose_at(self, parameters: Float64) -> Mat44:
        """Return world_from_volume after a twist."""
        return apply_twist(self._pose, parameters, self._atlas)

    def parameters_of(self, pose: Mat44) -> Float64:
        """Raise: no prior in the world has a pose of its own yet."""
        raise NotImplementedError("expected a prior about the pose itself, got one about another pose")
