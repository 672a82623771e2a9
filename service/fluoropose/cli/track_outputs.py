"""The files of a trial: one per object where there are several, named after its case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError
from fluoropose.io.pose_export.pose_record import PoseRecord, PoseRun, record_from_result
from fluoropose.io.pose_export.write_poses import require_pose_ending, write_poses, write_transforms

__all__ = ["TrackOutputs", "runs_of"]

_ENDINGS = {"csv": (".csv",), "json": (".json",), "jts": (".jts",), "tra": (".tra",)}


@dataclass(frozen=True, slots=True)
class TrackOutputs:
    """Where tables and poses go; `tfm` is a folder, the others are files."""

    csv: Path | None = None
    json: Path | None = None
    jts: Path | None = None
    tra: Path | None = None
    tfm: Path | None = None
    plot: Path | None = None
    video: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a trial without a file, and endings that are not their format's."""
        if self.first is None:
            raise InputError("expected a file to write (--csv, --json, --tfm, --jts, --tra), got none")
        for name, endings in _ENDINGS.items():
            path = getattr(self, name)
            if path is not None and require_pose_ending(path) not in endings:
                raise InputError(f"expected --{name} as a file ending in {endings[0]}, got {path.name}")
        if self.plot is not None and self.plot.suffix.lower() != ".png":
            raise InputError(f"expected --plot as .png, got {self.plot.name}")

    @property
    def first(self) -> Path | None:
        """The first file of poses, beside which the work so far is kept."""
        return next((path for path in (self.csv, self.json, self.tra, self.jts, self.tfm) if path is not None), None)

    def write(self, runs: Mapping[str, Mapping[str, PoseRun]], target: str) -> list[Path]:
        """Write the runs of every case, in the camera for JointTrack, else in `target`; return what was written."""
        written = []
        for case, by_target in runs.items():
            for name in _ENDINGS:
                path = getattr(self, name)
                if path is not None:
                    path = for_case(path, case, len(runs))
                    write_poses(path, by_target["camera" if name == "jts" else target])
                    written.append(path)
            if self.tfm is not None:
                folder = self.tfm / case if len(runs) > 1 else self.tfm
                write_transforms(folder, by_target[target])
                written.append(folder)
        return written


def for_case(path: Path, case: str, count: int) -> Path:
    """Return a file's path with the case's name before its ending, where there are several cases."""
    if count == 1:
        return path
    ending = require_pose_ending(path)
    return path.with_name(f"{path.name[: -len(ending)]}-{case}{ending}")


def runs_of(rows: Sequence[Mapping[str, Any]], cases: Sequence[str]) -> dict[str, dict[str, PoseRun]]:
    """Return the runs of each case, in the camera and in the world."""
    runs: dict[str, dict[str, PoseRun]] = {}
    for index, case in enumerate(cases):
        records = {target: [_record(row, index, target) for row in rows] for target in ("camera", "world")}
        runs[case] = {target: PoseRun(case, found, target) for target, found in records.items()}
    return runs


def _record(row: Mapping[str, Any], index: int, target: str) -> PoseRecord:
    return replace(record_from_result(row["objects"][index], int(row["frame"]), target), time_s=float(row["time_s"]))
