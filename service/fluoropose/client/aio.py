"""The asynchronous client. When a connection is lost it opens the session again, at the objects' last sure poses."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from fluoropose.client.grpc_channel import RpcCallError, RpcChannel
from fluoropose.client.grpc_link import GrpcLink, to_client_error
from fluoropose.client.http_link import HttpLink, http_client, request
from fluoropose.client.links import Address, Link, LinkLostError, OutgoingFrame, ProblemError
from fluoropose.client.session_opening import convert_arrays, drop_none, update_from_change, update_from_result
from fluoropose.client.ws_link import WsLink
from fluoropose.errors import InputError
from fluoropose.io.frames import decode_frame

__all__ = ["AsyncClient", "AsyncTracker", "TRANSPORTS"]

TRANSPORTS = ("http", "ws", "grpc")
_PAUSES_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""The waiting times before attempts to reconnect; the last one is used from then on."""


class AsyncClient:
    """A client of one service. `transport` is how frames travel: "http", "ws" or "grpc"."""

    def __init__(
        self,
        http: str,
        transport: str = "http",
        *,
        grpc: str = "127.0.0.1:8001",
        key: str | None = None,
        authority: Path | None = None,
        certificate: tuple[Path, Path] | None = None,
        timeout_s: float = 30.0,
        reconnect_s: float = 30.0,
    ) -> None:
        """Keep the address; the connection is made when it is first needed.

        A lost connection is tried again for `reconnect_s`. `certificate` is the client's own, as (chain, private key).
        """
        if transport not in TRANSPORTS:
            raise InputError(f"expected a transport of {', '.join(TRANSPORTS)}, got {transport!r}")
        self.address = Address(http, grpc, key, authority, certificate, timeout_s)
        self.transport = transport
        self.reconnect_s = reconnect_s
        self.http = http_client(self.address)
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._channels: dict[str, RpcChannel] = {}
        self._places: dict[str, Address] = {}
        self._trackers: set[AsyncTracker] = set()

    async def __aenter__(self) -> "AsyncClient":
        """Return self."""
        return self

    async def __aexit__(self, *ignored: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections, also those of sessions that are still open."""
        for tracker in list(self._trackers):
            await tracker._disconnect()
        for http in (self.http, *self._clients.values()):
            await http.aclose()
        for channel in self._channels.values():
            await channel.close()

    async def cases(self) -> list[dict[str, Any]]:
        """Return the service's cases, as GET /v1/cases answers them."""
        answer: list[dict[str, Any]] = await request(self.http, "GET", "/v1/cases")
        return answer

    async def track(
        self, case: str | None = None, camera: dict[str, Any] | None = None, **options: Any
    ) -> "AsyncTracker":
        """Open a session; options are those of POST /v1/sessions (initial_pose, cameras, cases, smoothing, ...)."""
        tracker = AsyncTracker(self, drop_none({"case": case, "camera": camera, **options}))
        await tracker.open()
        self._trackers.add(tracker)
        return tracker

    async def render(self, case: str, camera: dict[str, Any], camera_from_volume: Any) -> NDArray[np.float32]:
        """Return a DRR as line integrals, float32 (rows, columns)."""
        body = convert_arrays(
            {"case": case, "camera": camera, "camera_from_volume": camera_from_volume, "format": "npy"}
        )
        answer = await self.http.post("/v1/render", json=body)
        if answer.status_code != 200:
            raise ProblemError(answer.status_code, answer.json())
        return decode_frame(answer.content, "application/x-npy")

    async def open_session(self, body: dict[str, Any]) -> str:
        """Open a session with the fields of POST /v1/sessions and return its name.

        A fleet names the place of its frames, where `link` and `close_session` then go.
        """
        if self.transport != "grpc":
            opened = await request(self.http, "POST", "/v1/sessions", json=body)
        else:
            try:
                opened = await self.channel(self.address).open(body)
            except RpcCallError as error:
                raise to_client_error(error) from error
        session = str(opened["session"])
        self._places[session] = self.address.at(opened.get("endpoints"))
        return session

    async def close_session(self, session: str) -> None:
        """Close a session."""
        place = self._places.pop(session, self.address)
        if self.transport != "grpc":
            await request(self._http_of(place), "DELETE", f"/v1/sessions/{session}")
            return
        try:
            await self.channel(place).close_session(session)
        except RpcCallError as error:
            raise to_client_error(error) from error

    async def link(self, session: str) -> Link:
        """Connect to a session over this client's transport."""
        place = self._places.get(session, self.address)
        if self.transport == "http":
            return HttpLink(self._http_of(place), session)
        if self.transport == "ws":
            return await WsLink.open(place, session)
        return await GrpcLink.open(self.channel(place), session)

    def channel(self, place: Address) -> RpcChannel:
        """Return the gRPC channel to a place, which is made when it is first needed."""
        if place.grpc not in self._channels:
            self._channels[place.grpc] = RpcChannel(place.grpc, place.key, place.authority, place.certificate)
        return self._channels[place.grpc]

    def forget(self, session: str) -> None:
        """Forget the place of a session that was lost."""
        self._places.pop(session, None)

    def _http_of(self, place: Address) -> httpx.AsyncClient:
        if place.http == self.address.http:
            return self.http
        if place.http not in self._clients:
            self._clients[place.http] = http_client(place)
        return self._clients[place.http]


class AsyncTracker:
    """One session. If the connection or the service is lost, it is opened again and starts at the last sure poses."""

    def __init__(self, client: AsyncClient, body: dict[str, Any]) -> None:
        """Use `AsyncClient.track` to make a tracker."""
        self.session = ""
        self.reconnects = 0
        self._client = client
        self._body = body
        self._link: Link | None = None
        self._seq = 0
        self._early_events: dict[int, dict[str, Any]] = {}
        self._reconnecting = asyncio.Lock()

    async def open(self) -> None:
        """Open the session and connect to it."""
        self.session = await self._client.open_session(self._body)
        self._link = await self._client.link(self.session)

    async def send(self, pixels: NDArray[Any], captured_at: float | None = None, **view: Any) -> dict[str, Any]:
        """Send a frame, (rows, columns), and return its result; `view` is as for `push`.

        Raises
        ------
        ProblemError
            If the service does not answer this frame with a pose.
        LinkLostError
            If the connection is lost and cannot be made again within the client's `reconnect_s`.
        """
        while True:
            seq = await self.push(pixels, captured_at, **view)
            link = self._link
            try:
                return await self._wait_for_answer(seq)
            except LinkLostError as error:
                await self._reconnect(error, link)

    async def send_views(
        self, frames: dict[str, NDArray[Any]], captured_at: float | None = None
    ) -> dict[str, dict[str, Any]]:
        """Send the frames of one instant, by camera, and return their results; the errors are those of `send`.

        The service does not let a frame wait, so it may answer the first before the others have come. `views` in a
        result names the cameras whose frames were used; the last result's pose is from all of them.
        """
        moment = time.time() if captured_at is None else captured_at
        while True:
            link = self._link
            try:
                seqs = {name: await self.push(pixels, moment, camera=name) for name, pixels in frames.items()}
                link = self._link
                return {name: await self._wait_for_answer(seq) for name, seq in seqs.items()}
            except LinkLostError as error:
                await self._reconnect(error, link)

    async def push(self, pixels: NDArray[Any], captured_at: float | None = None, **view: Any) -> int:
        """Send a frame without waiting for its result, which comes out of `events`; return the frame's number.

        `view` names the `camera` that took the frame. For a camera that moves it says where that stood, by
        `camera_from_world` or by `c_arm` with primary_deg, secondary_deg and source_to_isocenter_mm.
        """
        frame = OutgoingFrame(self._seq, pixels, captured_at, drop_none(view))
        self._seq += 1
        link = self._link
        try:
            await self._require_link().send(frame)
        except LinkLostError as error:
            await self._reconnect(error, link)
            await self._require_link().send(frame)
        return frame.seq

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yield results and problems as they come, without end; a lost connection is made again."""
        while True:
            link = self._link
            try:
                yield await self._next_event()
            except LinkLostError as error:
                await self._reconnect(error, link)

    async def restart(self, initial_pose: Any = None, camera: dict[str, Any] | None = None, **change: Any) -> None:
        """Restart or change the session: a new start pose, a new camera, or the other fields of PATCH /v1/sessions."""
        fields = drop_none({"initial_pose": initial_pose, "camera": camera, **change})
        self._body = update_from_change(self._body, fields)
        await self._require_link().restart(fields)

    async def ping(self, client_time: float | None = None) -> None:
        """Ask a stream for the server's time; the answer, a "pong", comes out of `events`."""
        await self._require_link().ping(time.time() if client_time is None else client_time)

    async def close(self) -> None:
        """Close the session."""
        if self._link is not None:
            await self._disconnect()
            try:
                await self._client.close_session(self.session)
            except (ProblemError, LinkLostError):
                return

    async def _disconnect(self) -> None:
        """Close the connection, but not the session."""
        self._client._trackers.discard(self)
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _wait_for_answer(self, seq: int) -> dict[str, Any]:
        """Return a frame's result, or raise ProblemError; results of earlier frames are forgotten."""
        while seq not in self._early_events:
            event = await self._next_event()
            if event["type"] in ("result", "problem"):
                self._early_events[seq if event.get("seq") is None else event["seq"]] = event
        event = self._early_events.pop(seq)
        self._early_events = {number: one for number, one in self._early_events.items() if number > seq}
        if event["type"] == "problem":
            raise ProblemError(event.get("status", 0), event)
        return {key: value for key, value in event.items() if key != "type"}

    async def _next_event(self) -> dict[str, Any]:
        event = await self._require_link().receive()
        if event["type"] == "result":
            self._body = update_from_result(self._body, event)
        if event["type"] in ("going_away", "ended"):
            raise LinkLostError(f"expected a stream that goes on, got: {event.get('reason', 'the service goes away')}")
        return event

    async def _reconnect(self, cause: LinkLostError, link: Link | None) -> None:
        """Open a new session in place of the lost one, or raise `cause` after the client's `reconnect_s`.

        One who sends and one who reads both meet the loss of a `link`; the second finds that it was replaced.
        """
        async with self._reconnecting:
            if self._link is not link:
                return
            if link is not None:
                await link.close()
            self._client.forget(self.session)
            deadline, attempt = time.monotonic() + self._client.reconnect_s, 0
            while True:
                await asyncio.sleep(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])
                attempt += 1
                try:
                    await self.open()
                except (LinkLostError, ProblemError) as error:
                    if time.monotonic() > deadline or (isinstance(error, ProblemError) and error.code not in _PASSING):
                        raise cause from error
                else:
                    self.reconnects += 1
                    return

    def _require_link(self) -> Link:
        if self._link is None:
            raise LinkLostError("expected an open session, got one that was closed")
        return self._link


_PASSING = ("not-ready", "overloaded", "conflict", "device-unavailable")
"""Problems of a service that is starting or overloaded, so that another attempt may succeed."""
