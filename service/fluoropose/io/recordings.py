"""Recorded sessions: one HDF5 file (extra `record`) with what a session was asked, each job's frames, and its answers.

The file is written so that what is whole stays readable if the process is killed or the disk is full (HDF5's
single-writer mode): a job counts once its row in `jobs`, which is written last, is there. A row of `jobs` says which
rows of `views` and `objects` are its own; `pixels/<camera>/<dtype>` holds the frames as they were decoded, bit for bit.
Without compression a file grows by the frames' own bytes.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44
from fluoropose.errors import InputError, StorageError
from fluoropose.imaging.xray import FRAME_DTYPES

__all__ = [
    "FORMAT",
    "LEFT_BYTES",
    "RecordedJob",
    "RecordedObject",
    "RecordedView",
    "RecordingWriter",
    "open_recording",
    "require_h5py",
]

FORMAT = 1

LEFT_BYTES = 32 * 2**20
"""So much of a disk is left free: a recording ends before the service's own files have no room."""

_JOBS = np.dtype([
    ("first_view", "i8"), ("views", "i4"), ("first_object", "i8"), ("objects", "i4"), ("moment_s", "f8"),
    ("at_s", "f8"), ("again", "?"), ("is_search", "?"), ("missed", "i4"), ("timing_ms", "S512"),
])  # fmt: skip
_VIEWS = np.dtype([
    ("camera", "i2"), ("dtype", "S8"), ("frame", "i8"), ("seq", "i8"), ("moment_s", "f8"), ("kept", "?"),
    ("camera_from_world", "f8", (4, 4)),
])  # fmt: skip
_OBJECTS = np.dtype([
    ("case", "i2"), ("has_start", "?"), ("start", "f8", (4, 4)), ("nearby", "?"), ("status", "S16"), ("reason", "S32"),
    ("confidence", "f8"), ("world_from_volume", "f8", (4, 4)), ("covariance", "f8", (6, 6)), ("timing_ms", "S512"),
])  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class RecordedView:
    """A frame as a job had it: its camera by name, pixels (rows, columns), number, time, and where the camera stood.

    A `kept` frame was answered before; its partner came late.
    """

    camera: str
    pixels: NDArray[Any]
    seq: int
    moment_s: float
    camera_from_world: Mat44
    kept: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class RecordedObject:
    """An object of a job: from where it was looked for (None: everywhere), by which schedule, and what was found."""

    case: str
    start: Mat44 | None
    nearby: bool
    world_from_volume: Mat44
    status: str
    reason: str
    confidence: float
    covariance: Float64
    timing_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class RecordedJob:
    """The work on the frames of one instant. `missed` jobs before it were not recorded, as the disk was too slow."""

    views: tuple[RecordedView, ...]
    objects: tuple[RecordedObject, ...]
    moment_s: float
    at_s: float
    again: bool
    is_search: bool
    timing_ms: Mapping[str, float]
    missed: int = 0


def require_h5py() -> Any:
    """Return the package h5py, or raise InputError if the extra is not installed."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise InputError(
            f"expected the record extra, got no module {error.name}: pip install 'fluoropose[record]'"
        ) from error
    return h5py


class RecordingWriter:
    """Writes one recording; each job is on disk, as far as the system goes, when `add` returns."""

    def __init__(
        self,
        path: Path,
        header: Mapping[str, Any],
        cameras: Mapping[str, tuple[int, int]],
        left_bytes: int = LEFT_BYTES,
    ) -> None:
        """Begin a new file. `header` is kept as JSON; `cameras` are the rows and columns of the frames of each.

        `left_bytes` of the disk are left free.

        Raises
        ------
        StorageError
            If the file is there already or cannot be written.
        """
        self.path = path
        self.jobs = 0
        self._left_bytes = left_bytes
        self._cameras, self._cases = list(cameras), list(header["cases"])
        h5py = require_h5py()
        try:
            self._file = h5py.File(path, "x", libver="latest")
        except OSError as error:
            raise StorageError(f"expected to begin the recording {path}, got: {error}") from error
        self._file.attrs["header"] = json.dumps(dict(header))
        self._tables = {
            name: self._file.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(256,))
            for name, dtype in (("jobs", _JOBS), ("views", _VIEWS), ("objects", _OBJECTS))
        }
        self._pixels = {
            (number, dtype): self._file.create_dataset(
                f"pixels/{number}/{dtype}", (0, *sides), dtype, maxshape=(None, *sides), chunks=(1, *sides)
            )
            for number, sides in enumerate(cameras.values())
            for dtype in FRAME_DTYPES
        }
        self._file.swmr_mode = True

    def add(self, job: RecordedJob) -> None:
        """Write a job.

        Raises
        ------
        StorageError
            If the disk has no room for it, or refuses; the jobs before it stay. Call `close` then.
        """
        wanted = sum(view.pixels.nbytes for view in job.views) + 2**16
        free = shutil.disk_usage(self.path.parent).free
        if free < wanted + self._left_bytes:
            raise StorageError(f"expected {wanted + self._left_bytes} free bytes for {self.path}, got {free}")
        try:
            views = [self._add_frame(view) for view in job.views]
            first_view = self._append("views", views)
            first_object = self._append("objects", [self._object_row(one) for one in job.objects])
            rows = (first_view, len(job.views), first_object, len(job.objects))
            times = (job.moment_s, job.at_s, job.again, job.is_search, job.missed, _as_text(job.timing_ms))
            self._append("jobs", [(*rows, *times)])
        except KeyError as error:
            raise StorageError(f"expected pixels of {', '.join(FRAME_DTYPES)} to record, got {error}") from error
        except (OSError, RuntimeError) as error:
            raise StorageError(f"expected to write the recording {self.path}, got: {error}") from error
        self.jobs += 1

    def close(self) -> None:
        """End the file; one that could not be written any more stays as far as it came."""
        with suppress(OSError, RuntimeError):
            self._file.close()

    def _add_frame(self, view: RecordedView) -> tuple[Any, ...]:
        camera, dtype = self._cameras.index(view.camera), view.pixels.dtype.name
        frames = self._pixels[camera, dtype]
        count = frames.shape[0]
        frames.resize(count + 1, axis=0)
        frames[count] = view.pixels
        frames.flush()
        return (camera, dtype.encode(), count, view.seq, view.moment_s, view.kept, view.camera_from_world)

    def _object_row(self, one: RecordedObject) -> tuple[Any, ...]:
        start = np.zeros((4, 4)) if one.start is None else one.start
        return (
            self._cases.index(one.case), one.start is not None, start, one.nearby, one.status.encode(),
            one.reason.encode(), one.confidence, one.world_from_volume, one.covariance, _as_text(one.timing_ms),
        )  # fmt: skip

    def _append(self, name: str, rows: list[tuple[Any, ...]]) -> int:
        """Append rows to a table and return the number of the first."""
        table = self._tables[name]
        count = table.shape[0]
        table.resize(count + len(rows), axis=0)
        table[count:] = np.array(rows, table.dtype)
        table.flush()
        return int(count)


@contextmanager
def open_recording(path: Path) -> Iterator[tuple[dict[str, Any], Iterator[RecordedJob]]]:
    """Give a recording's header and its jobs, which are read one after another.

    A file whose writer was killed, or still writes, is read as far as it is whole.

    Raises
    ------
    InputError
        If the file is no recording, or one of another format.
    """
    h5py = require_h5py()
    if not path.is_file():
        raise InputError(f"expected a recording, got no file {path}")
    try:
        file = h5py.File(path, "r", swmr=True)
    except OSError as error:
        raise InputError(f"expected a recording, got {path}: {str(error)[:200]}") from error
    with file:
        try:
            header = json.loads(file.attrs["header"])
            found = header["format"]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"expected a recording, got {path}: no header") from error
        if found != FORMAT:
            raise InputError(f"expected a recording of format {FORMAT}, got format {found} in {path}")
        yield header, _jobs(file, header, path)


def _jobs(file: Any, header: Mapping[str, Any], path: Path) -> Iterator[RecordedJob]:
    cameras, cases = list(header["settings"]["cameras"]), list(header["cases"])
    try:
        for row in file["jobs"]:
            views = file["views"][row["first_view"] : row["first_view"] + row["views"]]
            objects = file["objects"][row["first_object"] : row["first_object"] + row["objects"]]
            yield RecordedJob(
                tuple(_view(file, one, cameras) for one in views),
                tuple(_object(one, cases) for one in objects),
                float(row["moment_s"]), float(row["at_s"]), bool(row["again"]), bool(row["is_search"]),
                json.loads(row["timing_ms"]), int(row["missed"]),
            )  # fmt: skip
    except (KeyError, IndexError, ValueError, OSError) as error:
        raise InputError(f"expected whole jobs in {path}, got: {type(error).__name__} {str(error)[:200]}") from error


def _view(file: Any, row: Any, cameras: list[str]) -> RecordedView:
    pixels = file[f"pixels/{int(row['camera'])}/{row['dtype'].decode()}"][int(row["frame"])]
    name = cameras[int(row["camera"])]
    place = np.array(row["camera_from_world"])
    return RecordedView(name, pixels, int(row["seq"]), float(row["moment_s"]), place, bool(row["kept"]))


def _object(row: Any, cases: list[str]) -> RecordedObject:
    return RecordedObject(
        cases[int(row["case"])], np.array(row["start"]) if row["has_start"] else None, bool(row["nearby"]),
        np.array(row["world_from_volume"]), row["status"].decode(), row["reason"].decode(), float(row["confidence"]),
        np.array(row["covariance"]), json.loads(row["timing_ms"]),
    )  # fmt: skip


def _as_text(timing_ms: Mapping[str, float]) -> bytes:
    return json.dumps({stage: round(value, 4) for stage, value in timing_ms.items()}).encode()[:512]
