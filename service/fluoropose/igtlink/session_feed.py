"""One session of the service, fed with the newest frame of each camera; what comes back is passed on."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from fluoropose.client import AsyncClient, AsyncTracker, LinkLostError, ProblemError
from fluoropose.igtlink.side_by_side import run_side_by_side

__all__ = ["FeedCounts", "IncomingFrame", "SessionFeed"]

_PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_REMEMBERED = 256
"""Frames that were sent and not answered: the service drops the older ones of them without a word."""

_FOR_GOOD = ("unknown-case", "invalid-request", "invalid-geometry", "unauthenticated", "forbidden", "no-common-world")
"""Problems of an opening that another attempt meets again."""


@dataclass(frozen=True, slots=True, eq=False)
class IncomingFrame:
    """A frame (rows, columns) of a camera, None for the only one, and when it was captured, s since 1970."""

    pixels: NDArray[Any]
    camera: str | None
    time_s: float | None


@dataclass(slots=True)
class FeedCounts:
    """How many frames came, were sent on, were replaced by newer ones before that, and were answered or refused."""

    received: int = 0
    sent: int = 0
    replaced: int = 0
    answered: int = 0
    refused: int = 0


@dataclass(slots=True, eq=False)
class SessionFeed:
    """Feeds one session. `opening` is what POST /v1/sessions takes.

    `on_event` gets each result or problem with the frame that it is of, None if that is not known; `on_link` a word
    about the connection to the service: "" when it is there, else what is wrong.
    """

    client: AsyncClient
    opening: Mapping[str, Any]
    on_event: Callable[[dict[str, Any], IncomingFrame | None], None]
    on_link: Callable[[str], None]
    counts: FeedCounts = field(default_factory=FeedCounts)
    _tracker: AsyncTracker | None = None
    _newest: dict[str | None, IncomingFrame] = field(default_factory=dict)
    _filled: asyncio.Event = field(default_factory=asyncio.Event)
    _sent: dict[int, IncomingFrame] = field(default_factory=dict)

    def offer(self, frame: IncomingFrame) -> None:
        """Let a frame be sent next; one of the same camera that waits is replaced."""
        self.counts.received += 1
        self.counts.replaced += self._newest.pop(frame.camera, None) is not None
        self._newest[frame.camera] = frame
        self._filled.set()

    async def open(self) -> None:
        """Open the session.

        Raises
        ------
        ProblemError, LinkLostError
            If the service refuses it or is not there.
        """
        self._tracker = await self.client.track(**self.opening)

    async def run(self) -> None:
        """Feed the session without end; open it again whenever it is lost. Call `open` before.

        Raises
        ------
        ProblemError
            If the service refuses to open it again for a reason that stays.
        """
        failures = 0
        while True:
            try:
                if self._tracker is None:
                    raise AssertionError("expected an open session, got none")
                if failures:
                    await self._tracker.open()
                    failures = 0
                self.on_link("")
                await self._exchange(self._tracker)
            except (LinkLostError, ProblemError) as error:
                if isinstance(error, ProblemError) and error.code in _FOR_GOOD:
                    raise
                self.on_link(str(error))
                await asyncio.sleep(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
                failures += 1

    async def close(self) -> None:
        """Close the session."""
        if self._tracker is not None:
            await self._tracker.close()

    async def _exchange(self, tracker: AsyncTracker) -> None:
        """Send frames and pass events on until one of the two ends with an error."""
        await run_side_by_side(self._send(tracker), self._receive(tracker), until=asyncio.FIRST_EXCEPTION)

    async def _send(self, tracker: AsyncTracker) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            frames, self._newest = list(self._newest.values()), {}
            for frame in frames:
                view = {} if frame.camera is None else {"camera": frame.camera}
                seq = await tracker.push(frame.pixels, frame.time_s, **view)
                self._sent[seq] = frame
                self.counts.sent += 1
            while len(self._sent) > _REMEMBERED:
                del self._sent[next(iter(self._sent))]

    async def _receive(self, tracker: AsyncTracker) -> None:
        async for event in tracker.events():
            if event["type"] not in ("result", "problem"):
                continue
            self.counts.answered += event["type"] == "result"
            self.counts.refused += event["type"] == "problem"
            seq = event.get("seq")
            self.on_event(event, None if seq is None else self._sent.pop(seq, None))
