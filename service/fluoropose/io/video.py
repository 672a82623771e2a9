"""Frames of a video file (mp4, avi, mkv, mov) through PyAV, an extra: 8 bits of grey, lossy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import FrameError, InputError
from fluoropose.io.dicom_bounds import MAX_PIXELS
from fluoropose.io.frame_number import chosen_frame
from fluoropose.io.reader_faults import translate_faults

__all__ = ["VIDEO_SUFFIXES", "read_video", "read_video_frame", "write_video"]

VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov")
_MAX_FRAMES = 10_000


def read_video(path: Path) -> tuple[list[NDArray[Any]], float | None]:
    """Return the frames of a video, each uint8 (rows, columns), and their rate in 1/s if the file tells it.

    Raises
    ------
    InputError
        If the extra `video` is not installed.
    FrameError
        If the file is no video, or holds too many frames or pixels.
    """
    with _opened(path) as (container, stream):
        return list(_grey_frames(container, stream)), _rate(stream)


def read_video_frame(path: Path, number: int | None = None) -> tuple[NDArray[Any], int, int, float | None]:
    """Return frame `number` from 0, by default the middle one, its number, the count of frames and their rate in 1/s.

    Frames are made from those before: they are decoded up to this one, all of them only where the file tells no count.

    Raises
    ------
    InputError, FrameError
        As `read_video`, or if there is no frame of that number.
    """
    with _opened(path) as (container, stream):
        count = int(stream.frames) or sum(1 for _ in _grey_frames(container, stream))
        at = chosen_frame(number, count)
        container.seek(0)
        for here, frame in enumerate(_grey_frames(container, stream)):
            if here == at:
                return frame, at, count, _rate(stream)
    raise FrameError(f"expected {count} frames in {path}, as the file says, got its end before frame {at}")


def write_video(path: Path, pictures: Iterator[NDArray[np.uint8]], rate: float) -> int:
    """Write pictures, uint8 (rows, columns, 3), as a video of H.264 or MPEG-4; return how many there were.

    Raises
    ------
    InputError
        If the extra `video` is not installed or the ending is no video's.
    """
    av = _library()
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise InputError(f"expected a video ending in {', '.join(VIDEO_SUFFIXES)}, got {path.name}")
    count = 0
    with translate_faults(InputError, f"to write a video to {path}"), av.open(str(path), "w") as container:
        stream = None
        for picture in pictures:
            even = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
            if stream is None:
                codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
                stream = container.add_stream(codec, rate=max(1, round(rate)))
                stream.height, stream.width, stream.pix_fmt = even.shape[0], even.shape[1], "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
            container.mux(stream.encode(frame))
            count += 1
        if stream is not None:
            container.mux(stream.encode())
    return count


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Yield a file and its stream of pictures; raise as `read_video`."""
    av = _library()
    with translate_faults(FrameError, f"a video in {path}"), av.open(str(path)) as container:
        if not container.streams.video:
            raise FrameError(f"expected a video in {path}, got a file without pictures")
        stream = container.streams.video[0]
        if stream.width * stream.height > MAX_PIXELS:
            raise FrameError(f"expected at most {MAX_PIXELS} pixels, got {stream.height} x {stream.width}")
        yield container, stream


def _rate(stream: Any) -> float | None:
    return float(stream.average_rate) if stream.average_rate else None


def _grey_frames(container: Any, stream: Any) -> Iterator[NDArray[Any]]:
    for number, frame in enumerate(container.decode(stream)):
        if number >= _MAX_FRAMES:
            raise FrameError(f"expected a video of at most {_MAX_FRAMES} frames, got more")
        yield np.ascontiguousarray(frame.to_ndarray(format="gray"))


def _library() -> Any:
    try:
        import av
    except ImportError as error:
        raise InputError("expected the extra `video` (pip install fluoropose[video]) for videos, got none") from error
    return av
