"""The files of a trial as `track` takes them: frames and cameras of one instant after the other."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fluoropose.cli.frame_field import with_frame_field
from fluoropose.cli.inputs import read_placed_cameras
from fluoropose.errors import InputError
from fluoropose.evaluation.frame_registration import Reading
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.distortion import DistortionMap
from fluoropose.io.distortion_files import read_distortions
from fluoropose.io.frame_sequence import FrameSequence, open_frames
from fluoropose.registration.result import FrameView
from fluoropose.tracking.tracker import FRAME_SECONDS

__all__ = ["Trial", "TrialFiles", "open_trial"]


@dataclass(frozen=True, slots=True)
class TrialFiles:
    """Frames and camera's file per view, and how pixels are read; files of distortions, one per view or none."""

    frames: tuple[Path, ...]
    cameras: tuple[Path, ...]
    reading: Reading
    fps: float | None = None
    distortions: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The views of a trial: frames, placed cameras and distortions, one of each per view; as many frames in each."""

    views: tuple[FrameSequence, ...]
    cameras: tuple[PlacedCamera, ...]
    reading: Reading
    fps: float
    bent: tuple[DistortionMap | None, ...]

    def __len__(self) -> int:
        """Return the number of instants."""
        return len(self.views[0])

    def instant(self, number: int) -> list[FrameView]:
        """Read the frames of an instant."""
        taken = [view.read(number) for view in self.views]
        straight = [one if bent is None else bent.undistort(one) for one, bent in zip(taken, self.bent, strict=True)]
        return [
            FrameView(pixels, placed, f"camera {n + 1}", self.reading.meaning, self.reading.inverted)
            for n, (pixels, placed) in enumerate(zip(straight, self.cameras, strict=True))
        ]

    def identity(self) -> list[Any]:
        """Return what the results depend on beside the objects."""
        cameras = [
            [one.camera.rows, one.camera.columns, one.camera.intrinsic_matrix.tolist(), one.camera_from_world.tolist()]
            for one in self.cameras
        ]
        names = [list(view.names) for view in self.views]
        masks = [repr(one.mask) for one in self.cameras]
        bent = [None if one is None else hashlib.sha256(one.places.tobytes()).hexdigest() for one in self.bent]
        return [names, cameras, self.reading.meaning.value, self.reading.inverted, self.fps, bent, masks]


def open_trial(files: TrialFiles) -> Trial:
    """Open the frames and the cameras of a trial.

    Raises
    ------
    InputError, FrameError
        If there is not one camera per view, the views have different numbers of frames, or a file cannot be read.
    """
    if len(files.frames) != len(files.cameras):
        count = f"{len(files.frames)} views and {len(files.cameras)} cameras"
        raise InputError(f"expected one camera per view, got {count}")
    given = read_placed_cameras(files.cameras)
    placed = [with_frame_field(one, path) for one, path in zip(given, files.frames, strict=True)]
    views = tuple(open_frames(path) for path in files.frames)
    counts = [len(view) for view in views]
    if len(set(counts)) > 1:
        raise InputError(f"expected as many frames in each view, got {' and '.join(map(str, counts))}")
    rate = files.fps or next((view.fps for view in views if view.fps), None) or 1.0 / FRAME_SECONDS
    if not 0 < rate <= 10_000:
        raise InputError(f"expected a rate above 0 and at most 10000 frames per second, got {rate:g}")
    bent = read_distortions(files.distortions, [one.camera for one in placed])
    return Trial(views, tuple(placed), files.reading, rate, tuple(bent))
