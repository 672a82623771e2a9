"""The files that `register` writes: overlays and poses, each in the format of its ending."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from fluoropose.errors import InputError
from fluoropose.io.pose_export.pose_record import PoseRun, record_from_result
from fluoropose.io.pose_export.write_poses import require_pose_ending, write_poses

__all__ = ["NOT_FOUND", "RegisterOutputs"]

NOT_FOUND = 3
"""The exit code of a command that did its work and did not find the object."""

_ONE_POSE = (".tfm", ".slicer.tfm", ".dcm")


@dataclass(frozen=True, slots=True)
class RegisterOutputs:
    """Where an overlay goes, if anywhere, and where poses go."""

    picture: Path | None
    poses: tuple[Path, ...]

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "RegisterOutputs":
        """Sort files by their endings, before any work is done; raise InputError for an unknown ending."""
        endings = [require_pose_ending(path, (".png",)) for path in paths]
        pictures = [path for path, ending in zip(paths, endings, strict=True) if ending == ".png"]
        if len(pictures) > 1:
            raise InputError(f"expected one overlay, got {len(pictures)}")
        poses = tuple(path for path, ending in zip(paths, endings, strict=True) if ending != ".png")
        return cls(pictures[0] if pictures else None, poses)

    def write_poses(self, result: Mapping[str, Any], target: str) -> None:
        """Write a result's pose; a format that cannot say that nothing was found is left out, and that is said."""
        run = PoseRun(str(result.get("case", "")), [record_from_result(result, 0, target)], target)
        for path in self.poses:
            lost = run.records[0].target_from_volume is None
            if lost and require_pose_ending(path) in _ONE_POSE:
                typer.echo(f"{path.name} is not written: the object was not found", err=True)
                continue
            write_poses(path, run)
