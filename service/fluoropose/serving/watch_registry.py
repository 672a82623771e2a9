"""Which sessions are observed and by whom. Pictures for observers are made on a thread of their own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fluoropose.serving.messages import FrameResult
from fluoropose.serving.service import Service
from fluoropose.serving.session_registry import OverloadedError
from fluoropose.serving.watch import Watch, WatchRequest
from fluoropose.serving.watched_frame import WatchedFrame
from fluoropose.tracking.jobs import ReceivedFrame
from fluoropose.tracking.session import Session

__all__ = ["MAX_WATCHES", "MAX_WATCHES_PER_SESSION", "WatchRegistry"]

T = TypeVar("T")
MAX_WATCHES = 64
MAX_WATCHES_PER_SESSION = 8


class WatchRegistry:
    """Knows the observers. Everything belongs to the event loop but the work that `run` carries out."""

    def __init__(self, service: Service) -> None:
        """Start no thread before the first observer."""
        self._service = service
        self._watches: dict[Session, list[Watch]] = {}
        self._thread = ThreadPoolExecutor(1, "watch")

    def __len__(self) -> int:
        """Return the number of observers."""
        return sum(len(watches) for watches in self._watches.values())

    def attach(self, session: Session, request: WatchRequest) -> Watch:
        """Attach an observer to a session, or raise OverloadedError if as many as may be are there."""
        there = self._watches.get(session, [])
        if len(there) >= MAX_WATCHES_PER_SESSION:
            raise OverloadedError(f"expected at most {MAX_WATCHES_PER_SESSION} observers of a session, got one more")
        if len(self) >= MAX_WATCHES:
            raise OverloadedError(f"expected at most {MAX_WATCHES} observers, got one more")
        watch = Watch(session, request, self._detach)
        self._watches.setdefault(session, []).append(watch)
        return watch

    def show(self, session: Session, frame: ReceivedFrame, result: FrameResult) -> None:
        """Show an answered frame to the session's observers; without any it costs one look-up."""
        watches = self._watches.get(session)
        if watches:
            watched = WatchedFrame(self._service, session.settings, frame, result)
            for watch in watches:
                watch.show(watched)

    def end(self, session: Session, reason: str) -> None:
        """End the observers of a session."""
        for watch in self._watches.pop(session, []):
            watch.end(reason)

    def end_all(self, reason: str) -> None:
        """End every observer."""
        for session in list(self._watches):
            self.end(session, reason)

    async def run(self, work: Callable[[], T]) -> T:
        """Make what an observer is sent on the observers' thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _detach(self, watch: Watch) -> None:
        there = self._watches.get(watch.session, [])
        if watch in there:
            there.remove(watch)
            if not there:
                del self._watches[watch.session]
