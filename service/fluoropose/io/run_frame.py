"""One frame of a run on disk, with what the run says of itself; the other frames are not decoded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import FrameError
from fluoropose.io.dicom import read_dicom_run_frame, told_dicom_size
from fluoropose.io.first_bytes import is_dicom, is_tiff
from fluoropose.io.frame_number import chosen_frame
from fluoropose.io.frames import npy_frame, read_frame_file, told_picture_size
from fluoropose.io.reader_faults import name_file, translate_faults
from fluoropose.io.runs import frame_files
from fluoropose.io.tiff_pages import count_pages, tiff_pages
from fluoropose.io.video import VIDEO_SUFFIXES, read_video_frame

__all__ = ["RunFrame", "read_run_frame"]


@dataclass(frozen=True, slots=True, eq=False)
class RunFrame:
    """A frame (rows, columns), its number from 0, how many frames there are, and their rate in 1/s if it is told."""

    pixels: NDArray[Any]
    number: int
    count: int
    fps: float | None = None


def read_run_frame(path: Path, number: int | None = None) -> RunFrame:
    """Return frame `number` of a folder or a file, by default the middle one.

    Of a video, whose frames are made from those before, the frames up to it are decoded.

    Raises
    ------
    FrameError
        If there is no frame of that number, it cannot be read, or files in a folder say that their sizes differ.
    """
    with translate_faults(FrameError, f"frames in {path}"), name_file(path):
        return _read(path, number)


def _read(path: Path, number: int | None) -> RunFrame:
    if path.is_dir():
        return _of_folder(path, number)
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return RunFrame(*read_video_frame(path, number))
    if path.suffix.lower() == ".npy":
        return _of_stack(path, number)
    data = path.read_bytes()
    if is_dicom(data):
        return RunFrame(*read_dicom_run_frame(data, number))
    if is_tiff(data):
        count = count_pages(data)
        at = chosen_frame(number, count)
        return RunFrame(tiff_pages(data, at, 1)[0], at, count)
    return RunFrame(read_frame_file(path, number), 0, 1)


def _of_folder(path: Path, number: int | None) -> RunFrame:
    files = frame_files(path)
    if not files:
        raise FrameError(f"expected frames in the folder {path}, got none")
    sizes = sorted({size for size in map(_told_size, files) if size is not None})
    if len(sizes) > 1:
        raise FrameError(f"expected frames of one size in {path}, got {', '.join(map(str, sizes[:3]))}")
    at = chosen_frame(number, len(files))
    return RunFrame(read_frame_file(files[at]), at, len(files))


def _of_stack(path: Path, number: int | None) -> RunFrame:
    with translate_faults(FrameError, f"an npy file in {path}"):
        stack = np.load(path, mmap_mode="r", allow_pickle=False)
    if stack.ndim == 2:
        return RunFrame(read_frame_file(path), chosen_frame(number, 1), 1)
    if stack.ndim != 3 or len(stack) == 0:
        raise FrameError(f"expected frames as (rows, columns) or (frames, rows, columns), got shape {stack.shape}")
    at = chosen_frame(number, len(stack))
    return RunFrame(npy_frame(path, at), at, len(stack))


def _told_size(path: Path) -> tuple[int, int] | None:
    """Return rows and columns as a file's header says; None if it says none, which reading it then tells."""
    try:
        return told_dicom_size(path) if path.suffix.lower() in (".dcm", ".ima", "") else told_picture_size(path)
    except Exception:
        return None
