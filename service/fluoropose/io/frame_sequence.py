"""Frames of a trial, read when they are asked for, so that a trial of thousands does not fill the memory."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import FrameError
from fluoropose.io.frames import npy_frame, read_frame_file
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.runs import frame_files, read_run

__all__ = ["FrameSequence", "open_frames"]


@dataclass(frozen=True, slots=True, eq=False)
class FrameSequence:
    """How many frames there are, how to read one, (rows, columns), their names, and their rate if the file tells it."""

    names: tuple[str, ...]
    read: Callable[[int], NDArray[Any]]
    fps: float | None = None

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.names)


def open_frames(path: Path) -> FrameSequence:
    """Return the frames in a folder, in the order of names, or in a file of several.

    A folder and an npy stack are read frame by frame; a TIFF, a DICOM image and a video are read at once.

    Raises
    ------
    FrameError
        If there is no frame, or the file cannot be read.
    """
    with translate_faults(FrameError, f"frames in {path}"):
        if path.is_dir():
            return _folder(path)
        if path.suffix.lower() == ".npy" and np.load(path, mmap_mode="r", allow_pickle=False).ndim == 3:
            return _stack(path)
    run = read_run(path)
    names = tuple(f"{path.name}#{number}" for number in range(len(run.frames)))
    return FrameSequence(names, lambda number: run.frames[number], run.fps)


def _folder(path: Path) -> FrameSequence:
    files = frame_files(path)
    if not files:
        raise FrameError(f"expected frames in the folder {path}, got none")
    return FrameSequence(tuple(file.name for file in files), lambda number: read_frame_file(files[number]))


def _stack(path: Path) -> FrameSequence:
    count = len(np.load(path, mmap_mode="r", allow_pickle=False))
    if count == 0:
        raise FrameError(f"expected frames in {path}, got none")
    return FrameSequence(tuple(f"{path.name}#{n}" for n in range(count)), lambda number: npy_frame(path, number))
