"""The poses of a run as every format of a file takes them. Lengths in mm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError

__all__ = ["PoseRecord", "PoseRun", "record_from_result"]


@dataclass(frozen=True, slots=True, eq=False)
class PoseRecord:
    """One frame's pose: `target_from_volume` (4, 4) in the run's target frame, None where the object was not found.

    `frame` is its number in the run. `time_s` is when it was captured, None where nobody said.
    """

    frame: int
    target_from_volume: Mat44 | None
    status: str = "TRACKING"
    confidence: float = 1.0
    reason: str = ""
    time_s: float | None = None
    error_estimate: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class PoseRun:
    """The poses of one object in the order of the frames; `target` is "camera" or "world"."""

    case: str
    records: Sequence[PoseRecord]
    target: str = "camera"

    def __post_init__(self) -> None:
        """Refuse a run without frames."""
        if not self.records:
            raise InputError("expected a run of at least one frame, got none")

    def only_pose(self, what: str) -> Mat44:
        """Return the pose of a run of one frame that was found; `what` names the format that holds one alone.

        Raises
        ------
        InputError
            If there are several frames, or the object was not found in it.
        """
        if len(self.records) != 1:
            raise InputError(f"expected one frame for {what}, got {len(self.records)}")
        pose = self.records[0].target_from_volume
        if pose is None:
            raise InputError(f"expected a pose for {what}, got a frame in which the object was not found")
        return pose


def record_from_result(result: Mapping[str, Any], frame: int, target: str = "camera") -> PoseRecord:
    """Return the record of an object's part of a result, as the API answers it; a LOST object has no pose."""
    pose = result.get(f"{target}_from_volume")
    lost = result.get("status") == "LOST" or pose is None
    return PoseRecord(
        frame,
        None if lost else np.array(pose, np.float64),
        str(result.get("status", "TRACKING")),
        float(result.get("confidence", 1.0)),
        str(result.get("reason") or ""),
        error_estimate=dict(result.get("error_estimate") or {}),
    )
