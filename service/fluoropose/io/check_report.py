"""What the doctor says of a file: what was understood of it, and what looks wrong."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from fluoropose.errors import FluoroposeError
from fluoropose.imaging.finding import Finding
from fluoropose.io.pictures import Picture, picture_bytes

__all__ = ["CheckReport", "failed_report"]


@dataclass(frozen=True, slots=True, eq=False)
class CheckReport:
    """A report.

    Attributes
    ----------
    name : the file's
    understood : what it is ("what": volume, mesh, frame, frames or geometry) and its figures, JSON values
    findings : what looks wrong or is worth knowing, the worst first
    picture : uint8 (rows, columns, 3), None where there is nothing to show
    voxels : of a volume, made small (`coarse_voxels`), None of anything else
    """

    name: str
    understood: dict[str, Any]
    findings: tuple[Finding, ...] = field(default=())
    picture: Picture | None = None
    voxels: dict[str, Any] | None = None

    @property
    def is_usable(self) -> bool:
        """Whether no finding is an error."""
        return all(one.severity != "error" for one in self.findings)

    def record(self, picture: bool = False, voxels: bool = False) -> dict[str, Any]:
        """Return the report as the API answers it; where asked, with `picture` as base64 of PNG, and with `voxels`."""
        record: dict[str, Any] = {
            "understood": self.understood,
            "findings": [one.record() for one in self.findings],
        }
        if picture:
            shown = None if self.picture is None else b64encode(picture_bytes(self.picture)).decode("ascii")
            record["picture"] = shown
        if voxels:
            record["voxels"] = self.voxels
        return record


def failed_report(name: str, what: str, error: FluoroposeError) -> CheckReport:
    """Return the report of a file that cannot be used: the error is its one finding, and its code the finding's."""
    return CheckReport(name, {"what": what}, (Finding(error.code, "error", str(error)),))
