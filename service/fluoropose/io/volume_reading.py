"""What a reader gives beside the volume: what the file said of itself, what was left out, and what looks wrong."""

from dataclasses import dataclass, field
from typing import Any

from fluoropose.imaging.finding import Finding
from fluoropose.imaging.volume import Volume

__all__ = ["VolumeReading"]


@dataclass(frozen=True, slots=True, eq=False)
class VolumeReading:
    """A volume that was read.

    Attributes
    ----------
    volume : the values and their place
    kind : the kind of file, in words
    findings : what was left out or changed, and what the file contradicts itself in
    facts : what the file says of itself, JSON values
    """

    volume: Volume
    kind: str
    findings: tuple[Finding, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
