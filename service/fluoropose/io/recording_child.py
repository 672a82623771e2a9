"""The process that writes recordings: `python -m fluoropose.io.recording_child`, requests in, an answer to each out.

HDF5 cannot let go of a file that the disk refuses to write: it crashes later, when the file is closed or the process
ends. Such a file is therefore kept open until this process ends, without HDF5's own end.
"""

import os
import pickle
import signal
import sys
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from fluoropose.errors import StorageError
from fluoropose.io.recordings import RecordingWriter

__all__ = ["Recordings", "serve_requests"]


@dataclass(slots=True, eq=False)
class Recordings:
    """The files that are written, by number, and those that could not be written any more."""

    open: dict[int, RecordingWriter] = field(default_factory=dict)
    abandoned: list[RecordingWriter] = field(default_factory=list)

    def answer(self, action: str, number: int, values: tuple[Any, ...]) -> str:
        """Begin a file, add a job to one or end one; return what went wrong, "" if nothing did."""
        try:
            if action == "begin":
                self.open[number] = RecordingWriter(*values)
            elif action == "add":
                self.open[number].add(*values)
            else:
                self.open.pop(number).close()
        except StorageError as error:
            if number in self.open:
                self.abandoned.append(self.open.pop(number))
            return str(error)
        return ""


def serve_requests(source: BinaryIO, target: BinaryIO) -> Recordings:
    """Answer requests until there are no more; return the recordings as they are then."""
    recordings = Recordings()
    while True:
        try:
            action, number, values = pickle.load(source)
        except EOFError:
            return recordings
        pickle.dump(recordings.answer(action, number, values), target)
        target.flush()


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)  # it ends when its parent does
    try:
        for writer in serve_requests(sys.stdin.buffer, sys.stdout.buffer).open.values():
            writer.close()
    finally:
        os._exit(0)
