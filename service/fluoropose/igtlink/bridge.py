"""The bridge: IMAGE messages of OpenIGTLink clients become frames of sessions, results go to every client."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fluoropose.client import AsyncClient
from fluoropose.igtlink.image import IMAGE_HEADER_BYTES, image_pixels
from fluoropose.igtlink.messages import Message
from fluoropose.igtlink.naming import Place, find_place
from fluoropose.igtlink.results import LINK_LOST, NOT_READY, PROBLEM, ResultForm, result_messages, state_message
from fluoropose.igtlink.server import LinkServer, ServerLimits
from fluoropose.igtlink.session_feed import FeedCounts, IncomingFrame, SessionFeed

__all__ = ["Bridge", "BridgePlan", "SessionPlan", "body_limit"]

_EXTRA_BYTES = 2**17
"""Beside an image's pixels: headers and metadata."""


@dataclass(frozen=True, slots=True, eq=False)
class SessionPlan:
    """A session: what POST /v1/sessions takes, its cases, and its cameras' names in the names of devices.

    `labels` holds them by the camera's name in the session, which is None where there is one.
    """

    opening: Mapping[str, Any]
    cases: tuple[str, ...]
    labels: Mapping[str | None, str]


@dataclass(frozen=True, slots=True, eq=False)
class BridgePlan:
    """The sessions, which IMAGE device goes where ("" is any), how results go out, and the server's limits."""

    sessions: tuple[SessionPlan, ...]
    places: Mapping[str, Place]
    form: ResultForm
    limits: ServerLimits


def body_limit(sides: list[tuple[int, int]]) -> int:
    """Return the most bytes of a message that are kept, for cameras of these rows and columns."""
    return IMAGE_HEADER_BYTES + _EXTRA_BYTES + 4 * max(rows * columns for rows, columns in sides)


@dataclass(slots=True, eq=False)
class Bridge:
    """Carries messages between a server of OpenIGTLink and sessions of the service that `client` reaches.

    The client should give up a lost connection at once (`reconnect_s=0`): the bridge tells its clients of it and opens
    the sessions again itself.
    """

    plan: BridgePlan
    client: AsyncClient
    say: Callable[[str], None] = lambda line: None
    server: LinkServer = field(init=False)
    _feeds: list[SessionFeed] = field(init=False)
    _states: dict[str, Message] = field(default_factory=dict)
    _ignored: set[str] = field(default_factory=set)
    _linked: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the server and the sessions' feeds; nothing is connected yet."""
        self.server = LinkServer(self.receive, self.plan.limits, self.say, lambda: list(self._states.values()))
        self._feeds = [
            SessionFeed(self.client, one.opening, partial(self._pass_on, number), partial(self._tell_link, number))
            for number, one in enumerate(self.plan.sessions)
        ]

    @property
    def counts(self) -> list[FeedCounts]:
        """What was counted of each session's frames."""
        return [feed.counts for feed in self._feeds]

    async def open(self, host: str, port: int) -> None:
        """Open the sessions, then listen.

        Raises
        ------
        ProblemError, LinkLostError, DeviceError
            If the service refuses a session or is not there, or the address is not free.
        """
        for feed in self._feeds:
            await feed.open()
        for number in range(len(self._feeds)):
            self._tell_state(number, NOT_READY, "WAITING", "no frame has come yet")
        await self.server.start(host, port)

    async def run(self) -> None:
        """Carry messages without end, or until a session is refused for good (ProblemError)."""
        try:
            async with asyncio.TaskGroup() as group:
                for feed in self._feeds:
                    group.create_task(feed.run())
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None

    async def close(self) -> None:
        """End the connections and close the sessions."""
        await self.server.close()
        for feed in self._feeds:
            await feed.close()

    def receive(self, message: Message) -> None:
        """Take a client's message; raise MessageError for one that cannot be used.

        GET_STATUS is answered with every state. What is not meant for the bridge is passed over.
        """
        if message.kind == "GET_STATUS":
            self.server.broadcast(list(self._states.values()))
        elif message.kind == "IMAGE":
            place = find_place(self.plan.places, message.device)
            frame = IncomingFrame(image_pixels(message.content), place.camera, message.time_s)
            self._feeds[place.session].offer(frame)
        elif message.kind not in self._ignored and len(self._ignored) < 100:
            self._ignored.add(message.kind)
            self.say(f"messages of type {message.kind} are passed over")

    def _pass_on(self, number: int, event: dict[str, Any], frame: IncomingFrame | None) -> None:
        """Send a result or a problem of a session to every client."""
        if event["type"] == "problem":
            text = f"{event['code']}: {event.get('detail') or event.get('title', '')}"
            self._tell_state(number, PROBLEM, "REFUSED", text)
            return
        labels = self.plan.sessions[number].labels
        camera = labels.get(event.get("camera") if frame is None else frame.camera) or next(iter(labels.values()))
        messages = result_messages(event, self.plan.form, camera, None if frame is None else frame.time_s)
        self._states.update({one.device: one for one in messages if one.kind == "STATUS"})
        self.server.broadcast(messages)

    def _tell_link(self, number: int, fault: str) -> None:
        if bool(fault) == (not self._linked.get(number, True)):
            return
        self._linked[number] = not fault
        self.say(f"service: {fault}" if fault else "service: connected again")
        if fault:
            self._tell_state(number, LINK_LOST, "NO-SERVICE", fault)
        else:
            self._tell_state(number, NOT_READY, "WAITING", "the service is there again; no frame has come since")

    def _tell_state(self, number: int, code: int, word: str, text: str) -> None:
        """Tell every client a state of a session that belongs to no frame."""
        plan, names = self.plan.sessions[number], self.plan.form.names
        devices = {names.status_of(case, label) for case in plan.cases for label in plan.labels.values()}
        messages = [state_message(device, code, word, text) for device in sorted(devices)]
        self._states.update({one.device: one for one in messages})
        self.server.broadcast(messages)
