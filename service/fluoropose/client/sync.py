"""The client without async. The asynchronous client works for it on an event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fluoropose.client.aio import AsyncClient, AsyncTracker

__all__ = ["Client", "Tracker"]

T = TypeVar("T")


class Client:
    """A client of one service; its arguments are those of `AsyncClient`."""

    def __init__(self, http: str, transport: str = "http", **options: Any) -> None:
        """Start the thread; the connection is made when it is first needed."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fluoropose-client", daemon=True)
        self._thread.start()

        async def make_client() -> AsyncClient:
            return AsyncClient(http, transport, **options)

        try:
            self._client = self._run(make_client())
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> "Client":
        """Return self."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections and end the thread."""
        if self._loop.is_closed():
            return
        try:
            self._run(self._client.close())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cases(self) -> list[dict[str, Any]]:
        """Return the service's cases, as GET /v1/cases answers them."""
        return self._run(self._client.cases())

    def track(self, case: str | None = None, camera: dict[str, Any] | None = None, **options: Any) -> "Tracker":
        """Open a session; options are those of POST /v1/sessions (initial_pose, cameras, cases, smoothing, ...)."""
        return Tracker(self, self._run(self._client.track(case, camera, **options)))

    def render(self, case: str, camera: dict[str, Any], camera_from_volume: Any) -> NDArray[np.float32]:
        """Return a DRR as line integrals, float32 (rows, columns)."""
        return self._run(self._client.render(case, camera, camera_from_volume))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class Tracker:
    """One session; see `AsyncTracker`."""

    def __init__(self, client: Client, tracker: AsyncTracker) -> None:
        """Use `Client.track` to make a tracker."""
        self._client = client
        self._tracker = tracker

    @property
    def session(self) -> str:
        """The session's name, which changes with a reconnect."""
        return self._tracker.session

    @property
    def reconnects(self) -> int:
        """How often the session was opened again."""
        return self._tracker.reconnects

    def send(self, pixels: NDArray[Any], captured_at: float | None = None, **view: Any) -> dict[str, Any]:
        """Send a frame, (rows, columns), and return its result; see `AsyncTracker.send`."""
        return self._client._run(self._tracker.send(pixels, captured_at, **view))

    def send_views(
        self, frames: dict[str, NDArray[Any]], captured_at: float | None = None
    ) -> dict[str, dict[str, Any]]:
        """Send the frames of one instant, by camera, and return their results; see `AsyncTracker.send_views`."""
        return self._client._run(self._tracker.send_views(frames, captured_at))

    def restart(self, initial_pose: Any = None, camera: dict[str, Any] | None = None, **change: Any) -> None:
        """Restart or change the session: a new start pose, a new camera, or the other fields of PATCH /v1/sessions."""
        self._client._run(self._tracker.restart(initial_pose, camera, **change))

    def close(self) -> None:
        """Close the session."""
        self._client._run(self._tracker.close())
