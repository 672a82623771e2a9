"""Sessions on a fleet while one of its workers is killed: what each saw, and whether the books add up.

Every session sends at its rate and waits for each answer, as the client library does for a console. Times are those of
the sender, from before a frame is sent until its result is there.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fluoropose.client import AsyncClient, AsyncTracker
from fluoropose.evaluation.load_point import LoadFrames
from fluoropose.transports.http.schemas import camera_json

__all__ = ["FaultRun", "SessionBook", "fault_figures"]

_SURE = "TRACKING"


@dataclass(slots=True)
class SessionBook:
    """What one session sent and was answered: (moment in s, milliseconds until the result, status) of each frame.

    `ages_ms` holds the moment of each frame and its age as the service tells it.
    """

    worker: str
    opening_ms: float
    sent: int = 0
    answers: list[tuple[float, float, str]] = field(default_factory=list)
    ages_ms: list[tuple[float, float]] = field(default_factory=list)
    reconnects: int = 0
    worker_after: str = ""

    def gap_s(self, moment_s: float) -> float:
        """Return how long after a moment the first sure result of a frame came that was sent after it."""
        sure = [at_s for at_s, ms, status in self.answers if status == _SURE and at_s >= moment_s]
        return min(sure) - moment_s if sure else float("inf")

    def times_ms(self, before_s: float = float("inf"), after_s: float = 0.0) -> list[float]:
        """Return the times of the frames that were answered in a period."""
        return [ms for at_s, ms, _ in self.answers if after_s <= at_s <= before_s]

    def settled_ages_ms(self, after_s: float) -> list[float]:
        """Return the ages of the frames that were answered after a moment."""
        return [ms for at_s, ms in self.ages_ms if at_s >= after_s]


@dataclass(frozen=True, slots=True)
class FaultRun:
    """So many sessions at a rate for so long; after half of it `strike` is called with the name of one's worker.

    The frames of the first `settle_s` do not count in times: sessions begin in them, at rough starts.
    """

    http: str
    grpc: str
    sent: LoadFrames
    strike: Callable[[str], None]
    transport: str = "ws"
    sessions: int = 6
    fps: float = 10.0
    seconds: float = 10.0
    settle_s: float = 1.0

    async def run(self) -> dict[str, Any]:
        """Open the sessions, send, strike, and return the figures."""
        async with AsyncClient(self.http, self.transport, grpc=self.grpc) as client:
            trackers, books = [], []
            for _ in range(self.sessions):
                began_s = time.perf_counter()
                camera = camera_json(self.sent.camera)
                tracker = await client.track(self.sent.case, camera, initial_pose=self.sent.truths[0])
                books.append(SessionBook(_worker(tracker), 1e3 * (time.perf_counter() - began_s)))
                trackers.append(tracker)
            settled_s, end_s = time.monotonic() + self.settle_s, time.monotonic() + self.seconds
            senders = [
                asyncio.create_task(self._send(*pair, end_s, number / self.fps / self.sessions))
                for number, pair in enumerate(zip(trackers, books, strict=True))
            ]
            await asyncio.sleep(self.seconds / 2)
            struck, moment_s = books[0].worker, time.monotonic()
            await asyncio.to_thread(self.strike, struck)
            await asyncio.gather(*senders)
            counters = await self._counters(client, books, trackers)
            for tracker in trackers:
                await tracker.close()
        return fault_figures(books, struck, moment_s, counters, settled_s)

    async def _send(self, tracker: AsyncTracker, book: SessionBook, end_s: float, offset_s: float) -> None:
        frames, number = self.sent.frames, 0
        due_s = time.monotonic() + offset_s
        while due_s < end_s:
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            began_s = time.monotonic()
            book.sent += 1
            result = await tracker.send(frames[_swing(number, len(frames))], time.time())
            now_s = time.monotonic()
            book.answers.append((now_s, 1e3 * (now_s - began_s), result["status"]))
            book.ages_ms.append((now_s, float(result["age_ms"])))
            number += 1
            due_s = max(due_s + 1.0 / self.fps, now_s)
        book.reconnects, book.worker_after = tracker.reconnects, _worker(tracker)

    async def _counters(
        self, client: AsyncClient, books: list[SessionBook], trackers: list[AsyncTracker]
    ) -> list[dict[str, int]]:
        """Return what the fleet counted of the sessions that stayed where they were."""
        stayed = [one for one, book in zip(trackers, books, strict=True) if not book.reconnects]
        answers = [await client.http.get(f"/v1/sessions/{one.session}") for one in stayed]
        return [answer.json()["counters"] for answer in answers]


def fault_figures(
    books: list[SessionBook],
    struck: str,
    moment_s: float,
    counters: list[dict[str, int]],
    settled_s: float = 0.0,
) -> dict[str, Any]:
    """Return the figures of a run: openings, times before the blow and of the others after it, and gaps of the struck.

    Times are those of frames that were answered after `settled_s`.

    `books_add_up`: every frame sent was answered, and the workers that stayed count the same of their sessions.
    """
    hit = [book for book in books if book.worker == struck]
    others = [book for book in books if book.worker != struck]
    stayed = [book for book in books if not book.reconnects]
    answered = all(book.sent == len(book.answers) for book in books)
    counted = sum(one["answered"] for one in counters) == sum(book.sent for book in stayed)
    return {
        "workers": sorted({book.worker for book in books}),
        "struck": struck,
        "opening_ms": [round(book.opening_ms, 1) for book in books],
        "age_ms": _percentiles([ms for book in books for ms in book.settled_ages_ms(settled_s)]),
        "before_ms": _percentiles([ms for book in books for ms in book.times_ms(before_s=moment_s, after_s=settled_s)]),
        "others_after_ms": _percentiles([ms for book in others for ms in book.times_ms(after_s=moment_s)]),
        "others_reconnects": sum(book.reconnects for book in others),
        "others_unsure": sum(status != _SURE for book in others for _, _, status in book.answers),
        "struck_sessions": len(hit),
        "gaps_s": [round(book.gap_s(moment_s), 3) for book in hit],
        "moved_to": sorted({book.worker_after for book in hit}),
        "frames_sent": sum(book.sent for book in books),
        "frames_answered": sum(len(book.answers) for book in books),
        "books_add_up": answered and counted,
    }


def _worker(tracker: AsyncTracker) -> str:
    return tracker.session.partition(".")[0]


def _swing(number: int, count: int) -> int:
    """Return the frame of a turn: forwards, then backwards, so that an object never jumps."""
    place = number % max(1, 2 * count - 2)
    return place if place < count else 2 * count - 2 - place


def _percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{p}": round(float(np.percentile(values, p)), 2) for p in (50, 99)} if values else {}
