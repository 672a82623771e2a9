"""How well a camera is calibrated: one standard deviation of its focal lengths and of its principal point."""

from dataclasses import dataclass

import numpy as np

from fluoropose.errors import GeometryError

__all__ = ["CameraTolerance"]

_MOST_FOCAL_PERCENT, _MOST_PRINCIPAL_POINT_PX = 50.0, 4096.0
"""More than this is no tolerance of a calibration."""


@dataclass(frozen=True, slots=True)
class CameraTolerance:
    """One standard deviation of a calibration: of both focal lengths in per cent, of the principal point in pixels.

    Raises
    ------
    GeometryError
        If a number is negative, not finite, or larger than any calibration's.
    """

    focal_percent: float = 0.0
    principal_point_px: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        limits = {"focal_percent": _MOST_FOCAL_PERCENT, "principal_point_px": _MOST_PRINCIPAL_POINT_PX}
        for name, most in limits.items():
            value = getattr(self, name)
            if not (np.isfinite(value) and 0.0 <= value <= most):
                raise GeometryError(f"camera tolerance {name} must be 0 to {most:g}, got {value}")
