"""Runs of frames on disk: a folder in the order of names, or a file of several frames (npy, TIFF, DICOM, video)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import FrameError
from fluoropose.io.dicom import read_dicom_run
from fluoropose.io.first_bytes import is_dicom, is_tiff
from fluoropose.io.frames import MAX_PIXELS, read_frame_file
from fluoropose.io.reader_faults import name_file, translate_faults
from fluoropose.io.tiff_pages import tiff_pages
from fluoropose.io.video import VIDEO_SUFFIXES, read_video

__all__ = ["FrameRun", "frame_files", "read_run"]

_FRAME_SUFFIXES = (".npy", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".ima", "")


@dataclass(frozen=True, slots=True, eq=False)
class FrameRun:
    """Frames, each (rows, columns), in order, and their rate in 1/s if the file tells it."""

    frames: list[NDArray[Any]]
    fps: float | None = None


def frame_files(folder: Path) -> list[Path]:
    """Return the files of a folder whose endings are frames', in the order of names; none of its subfolders."""
    return sorted(item for item in folder.iterdir() if item.is_file() and item.suffix.lower() in _FRAME_SUFFIXES)


def read_run(path: Path) -> FrameRun:
    """Return the frames in a folder or a file; a file of one frame is a run of one.

    Raises
    ------
    FrameError
        If there is no frame, one cannot be read, or their sizes or dtypes differ.
    """
    with translate_faults(FrameError, f"frames in {path}"):
        return _read(path)


def _read(path: Path) -> FrameRun:
    if path.is_dir():
        run = FrameRun([read_frame_file(file) for file in frame_files(path)])
    elif path.suffix.lower() in VIDEO_SUFFIXES:
        run = FrameRun(*read_video(path))
    elif path.suffix.lower() == ".npy":
        run = FrameRun(list(_read_stack(path)))
    else:
        with name_file(path):
            run = _read_file(path)
    kinds = {(frame.shape, frame.dtype.name) for frame in run.frames}
    if len(kinds) != 1:
        found = ", ".join(f"{shape} {dtype}" for shape, dtype in sorted(kinds)[:3]) or "none"
        raise FrameError(f"expected frames of one size and dtype in {path}, got {found}")
    return run


def _read_file(path: Path) -> FrameRun:
    data = path.read_bytes()
    if is_dicom(data):
        frames, fps = read_dicom_run(data)
        return FrameRun(frames, fps)
    if is_tiff(data):
        return FrameRun(tiff_pages(data))
    return FrameRun([read_frame_file(path)])


def _read_stack(path: Path) -> Iterator[NDArray[Any]]:
    with translate_faults(FrameError, f"an npy file in {path}"):
        stack = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    if stack.ndim not in (2, 3) or stack.shape[-1] * stack.shape[-2] > MAX_PIXELS:
        raise FrameError(f"expected frames as (rows, columns) or (frames, rows, columns), got shape {stack.shape}")
    yield from stack.reshape(-1, *stack.shape[-2:])
