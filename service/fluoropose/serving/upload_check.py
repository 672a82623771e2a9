"""Uploaded files are checked in a process of their own: what it dies of is an error in the report."""

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path, PurePath
from typing import Any

from fluoropose.errors import InputError
from fluoropose.io.check_report import failed_report
from fluoropose.io.files import storage_errors
from fluoropose.io.first_bytes import is_tiff
from fluoropose.io.frames import guess_media_type
from fluoropose.io.preparation import volume_suffix
from fluoropose.serving.check_worker import CHECK_LIMITS
from fluoropose.serving.session_registry import OverloadedError

__all__ = ["UploadCheck", "upload_suffix"]

_COMMAND = (sys.executable, "-c", "from fluoropose.serving.check_worker import main; main()")

_FRAMES = {"application/x-npy": ".npy", "image/png": ".png"}
_TEXTS = (".json", ".txt", ".csv", ".xml")
_FIRST_BYTES = 1024


class UploadCheck:
    """Checks one file at a time."""

    def __init__(self) -> None:
        """Check nothing yet."""
        self._turn = threading.Lock()

    def check(self, data: bytes, name: str, picture: bool = False, voxels: bool = False) -> dict[str, Any]:
        """Return the report of a file's bytes, its kind told by them or by its name's ending, with what is asked for.

        Raises
        ------
        InputError
            If nothing tells its kind.
        OverloadedError
            If another file is being checked.
        """
        ending = upload_suffix(data[:_FIRST_BYTES], name, len(data))
        if not self._turn.acquire(blocking=False):
            raise OverloadedError("expected one check at a time, got another while one runs")
        try:
            return _check_beside(data, ending, {"picture": picture, "voxels": voxels})
        finally:
            self._turn.release()


def _check_beside(data: bytes, ending: str, parts: dict[str, bool]) -> dict[str, Any]:
    with storage_errors("to keep a file for its check"):
        with tempfile.TemporaryDirectory(prefix="fluoropose-check-") as folder:
            path = Path(folder) / f"upload{ending}"
            path.write_bytes(data)
            return _run(path, parts)


def upload_suffix(first_bytes: bytes, name: str, size: int) -> str:
    """Return the ending of an uploaded file's kind, by its first bytes, or by its name; raise InputError."""
    frame = _FRAMES.get(guess_media_type(first_bytes))
    if frame is not None:
        return frame
    if is_tiff(first_bytes):
        return ".tif"
    named = PurePath(name).suffix.lower()
    if named in _TEXTS or first_bytes.lstrip()[:1] == b"{":
        return named if named in _TEXTS else ".json"
    try:
        return volume_suffix(first_bytes, name, size)
    except InputError as error:
        raise InputError(
            f"expected a volume, a mesh, a frame or a geometry, got other bytes as {name[:80]!r}"
        ) from error


def _run(path: Path, parts: dict[str, bool]) -> dict[str, Any]:
    asked = [name for name, wanted in parts.items() if wanted]
    try:
        done = subprocess.run(
            (*_COMMAND, str(path), *asked), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=CHECK_LIMITS.wall_s, check=False,
        )  # fmt: skip
        report = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return _failed(path, parts, f"took more than {CHECK_LIMITS.wall_s:.0f} s")
    except ValueError:
        return _failed(path, parts, "ended the process that read it")
    return dict(report)


def _failed(path: Path, parts: dict[str, bool], what: str) -> dict[str, Any]:
    return failed_report(
        path.name, "unknown", InputError(f"expected a file that can be read, got one that {what}")
    ).record(**parts)
