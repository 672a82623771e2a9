"""Frames that take work to decode are decoded before their job's turn, beside the workers: no other session waits.

Each of a few threads has a decoding process. A job whose session's frames were decoded quickly goes first, so that a
session with frames that are slow to decode holds itself back and nobody else.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from fluoropose.errors import FluoroposeError
from fluoropose.io.decoding_process import MAX_DECODING_S, DecodingProcess
from fluoropose.serving.messages import CompressedFrame
from fluoropose.tracking.jobs import Job

__all__ = ["FrameDecoder", "compressed_frames"]

_Entry = tuple[float, int, object, list[CompressedFrame], Callable[[], None]]


def compressed_frames(job: Job) -> list[CompressedFrame]:
    """Return the frames of a job that must be decoded before its turn."""
    payloads = [sight.frame.payload for sight in job.camera_frames]
    return [one for one in payloads if isinstance(one, CompressedFrame) and one.outcome is None]


class FrameDecoder:
    """A queue of jobs and the threads that decode their frames."""

    def __init__(self, threads: int = 2, limit_s: float = MAX_DECODING_S) -> None:
        """Start no thread and no process before the first job or `warm`."""
        self._processes = [DecodingProcess(limit_s) for _ in range(threads)]
        self._threads: list[threading.Thread] = []
        self._condition = threading.Condition()
        self._queue: list[_Entry] = []
        self._numbers = itertools.count()
        self._seconds: WeakKeyDictionary[object, float] = WeakKeyDictionary()
        self._closing = False

    def warm(self) -> None:
        """Start the threads and their processes, so that the first frame does not wait for them."""
        with self._condition:
            self._start_threads()
        for process in self._processes:
            process.start()

    def submit(self, owner: object, frames: list[CompressedFrame], done: Callable[[], None]) -> None:
        """Decode frames of an owner (a session); then call `done` on a thread of the decoder."""
        with self._condition:
            self._start_threads()
            entry = (self._seconds.get(owner, 0.0), next(self._numbers), owner, frames, done)
            heapq.heappush(self._queue, entry)
            self._condition.notify()

    def close(self) -> None:
        """Decode no more, and end the threads and processes."""
        with self._condition:
            self._closing = True
            self._queue.clear()
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.end()

    def _start_threads(self) -> None:
        if self._threads or self._closing:
            return
        for number, process in enumerate(self._processes):
            thread = threading.Thread(target=self._run, args=(process,), name=f"decode-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, process: DecodingProcess) -> None:
        while True:
            with self._condition:
                while not self._queue and not self._closing:
                    self._condition.wait()
                if self._closing:
                    return
                _, _, owner, frames, done = heapq.heappop(self._queue)
            began = time.perf_counter()
            for frame in frames:
                _decode(process, frame)
            with self._condition:
                self._seconds[owner] = time.perf_counter() - began
            done()


def _decode(process: DecodingProcess, frame: CompressedFrame) -> None:
    """Decode a frame; keep the error of one that cannot be."""
    began = time.perf_counter_ns()
    try:
        frame.outcome = process.decode(frame.encoded.body, frame.encoded.known_media_type)
    except FluoroposeError as error:
        frame.outcome = error
    except Exception:
        frame.outcome = FluoroposeError("an unexpected fault while a frame was decoded")
    frame.decode_ns = time.perf_counter_ns() - began
