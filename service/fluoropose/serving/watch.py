"""An observer of a session is shown each camera's newest answered frame, at its own rate. The writer waits for none."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from fluoropose.errors import InputError
from fluoropose.serving.events import StreamEnd
from fluoropose.serving.watched_frame import WatchedFrame
from fluoropose.tracking.session import Session

__all__ = ["MAX_WATCHED_FPS", "MAX_WATCHED_SIDE_PX", "MIN_WATCHED_SIDE_PX", "ShownFrame", "Watch", "WatchRequest"]

MAX_WATCHED_FPS = 60.0
MIN_WATCHED_SIDE_PX, MAX_WATCHED_SIDE_PX = 16, 2048


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """How an observer wants a session shown.

    `fps` is the most frames per second, `max_side` the longest side of a picture in pixels, `outline` whether results
    hold the objects' outlines even where the session does not include them.

    Raises
    ------
    InputError
        If the rate or the side is out of its range.
    """

    fps: float = 15.0
    max_side: int = 512
    outline: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0.1 <= self.fps <= MAX_WATCHED_FPS:
            raise InputError(f"expected fps of 0.1 to {MAX_WATCHED_FPS:g}, got {self.fps:g}")
        if not MIN_WATCHED_SIDE_PX <= self.max_side <= MAX_WATCHED_SIDE_PX:
            raise InputError(
                f"expected max_side of {MIN_WATCHED_SIDE_PX} to {MAX_WATCHED_SIDE_PX}, got {self.max_side}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class ShownFrame:
    """A frame for an observer; `skipped` counts its camera's answered frames since the last one that it was shown."""

    frame: WatchedFrame
    skipped: int


@dataclass(slots=True, eq=False)
class Watch:
    """One observer. It holds one frame of each camera at most; all but `request` belongs to the event loop."""

    session: Session
    request: WatchRequest
    _detach: Callable[["Watch"], None]
    _newest: dict[str, ShownFrame] = field(default_factory=dict)
    _ended: StreamEnd | None = None
    _due_s: float = 0.0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _end: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, frame: WatchedFrame) -> None:
        """Take the newest frame of a camera in the place of one that was not sent."""
        camera = frame.result.camera
        missed = self._newest.pop(camera, None)
        self._newest[camera] = ShownFrame(frame, 0 if missed is None else missed.skipped + 1)
        self._wake.set()

    def end(self, reason: str) -> None:
        """End the observer: the session has ended, or the service goes away."""
        self._ended = self._ended or StreamEnd(reason)
        self._wake.set()
        self._end.set()

    async def next(self) -> tuple[ShownFrame, ...] | StreamEnd:
        """Return each camera's newest frame once one is due, or `StreamEnd` once the session has ended."""
        clock_s = asyncio.get_running_loop().time
        with suppress(TimeoutError):
            await asyncio.wait_for(self._end.wait(), max(0.0, self._due_s - clock_s()))
        while self._ended is None and not self._newest:
            self._wake.clear()
            await self._wake.wait()
        if self._ended is not None:
            return self._ended
        # A frame that is late by up to half a period is made up for, so that the rate is kept on the mean.
        period_s = 1.0 / self.request.fps
        self._due_s = max(self._due_s + period_s, clock_s() + period_s / 2)
        shown = tuple(self._newest.values())
        self._newest.clear()
        return shown

    def close(self) -> None:
        """Forget the observer: it has gone."""
        self._detach(self)
