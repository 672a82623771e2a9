"""The files of one instant, as `register` takes them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from numpy.typing import NDArray

from fluoropose.cli.parsing import parse_meaning
from fluoropose.errors import InputError
from fluoropose.evaluation.frame_registration import Reading
from fluoropose.geometry.camera import Camera
from fluoropose.io.distortion_files import read_distortion
from fluoropose.io.frames import read_frame_file

__all__ = ["InstantFiles"]


@dataclass(frozen=True, slots=True)
class InstantFiles:
    """One instant in files: the case, a frame and a camera per view, the start; how to read pixels; the model.

    An overlay is drawn into `picture` if it is given. `frame_number` chooses a frame of files of several, from 0.
    `distortions` are files of how the frames are bent, one per view or none.
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
    frame_number: int | None = None
    distortions: tuple[Path, ...] = ()

    def read_frame(self, view: int, camera: Camera) -> NDArray[Any]:
        """Return the pixels of a view's file, straightened; of several frames that of `frame_number`.

        What is lossy is said.
        """
        path = self.frames[view]
        if path.suffix.lower() in (".jpg", ".jpeg"):
            typer.echo(f"note: {path.name} is a JPEG: its blocks and lost details are taken for edges", err=True)
        pixels = read_frame_file(path, self.frame_number)
        if not self.distortions:
            return pixels
        if len(self.distortions) != len(self.frames):
            raise InputError(
                f"expected a --distortion for each of {len(self.frames)} frames, got {len(self.distortions)}"
            )
        return read_distortion(self.distortions[view], camera).undistort(pixels)

    def reading(self) -> Reading:
        """Return how pixels are read, or raise InputError."""
        return Reading(parse_meaning(self.meaning), self.inverted)
