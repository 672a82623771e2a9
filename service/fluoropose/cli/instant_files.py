"""The files of one instant, as `register` takes them."""

from dataclasses import dataclass
from pathlib import Path

from fluoropose.errors import InputError
from fluoropose.evaluation.frame_registration import Reading
from fluoropose.imaging.xray import PixelMeaning

__all__ = ["InstantFiles"]


@dataclass(frozen=True, slots=True)
class InstantFiles:
    """One instant in files: the case, a frame and a camera per view, the start; how to read pixels; the model.

    An overlay is drawn into `picture` if it is given.
    """

    case: Path
    frames: tuple[Path, ...]
    cameras: tuple[Path, ...]
    start: Path | None
    model: Path
    meaning: str
    inverted: bool
    picture: Path | None
    threads: int

    def reading(self) -> Reading:
        """Return how pixels are read, or raise InputError."""
        names = [item.value for item in PixelMeaning]
        if self.meaning not in names:
            raise InputError(f"expected --pixel-meaning {', '.join(names)}, got {self.meaning!r}")
        return Reading(PixelMeaning(self.meaning), self.inverted)
