"""A request's body: its media type, a limit on its length that holds before anything decodes it, a budget of memory."""

import asyncio
import time
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluoropose.errors import FrameError
from fluoropose.transports.byte_budget import ByteBudget
from fluoropose.transports.http.access import owner_of

__all__ = ["BodyBudgets", "BodyLimits", "LimitBody", "MAX_BODY_BYTES", "Pace", "UnsupportedMediaError", "media_type"]

MAX_BODY_BYTES = 64 * 2**20
"""A 4096 x 4096 frame of 16 bits is 32 MiB; base64 and forms need up to twice that."""

_VOLUME_PATHS = ("/v1/cases", "/v1/check")
_LONG_PATHS = ("/v1/register", "/v1/overlay")
_SMALL_BYTES = 2 * 2**20
"""The first bytes of a body are paid from a budget of their own, so that long bodies never keep short ones out."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The longest bodies: of an uploaded volume, which is a compressed CT on its way to disk, of frames, of JSON."""

    body_bytes: int = MAX_BODY_BYTES
    volume_bytes: int = 2**30
    json_bytes: int = 2**20

    def limit(self, path: str) -> int:
        """Return the most bytes that a body to `path` may have."""
        if path in _VOLUME_PATHS:
            return self.volume_bytes
        long = path in _LONG_PATHS or path.endswith("/frames")
        return self.body_bytes if long else min(self.json_bytes, self.body_bytes)


@dataclass(slots=True)
class Pace:
    """How fast long bodies may come in all: what is faster waits, so that the event loop has time for streams."""

    bytes_per_s: float = 40e6
    burst_bytes: float = 16e6
    _owed: float = 0.0
    _at_s: float = 0.0

    def delay_s(self, count: int, now_s: float) -> float:
        """Return for how long the next bytes must wait, now that `count` have come."""
        self._owed = max(0.0, self._owed - (now_s - self._at_s) * self.bytes_per_s) + count
        self._at_s = now_s
        return max(0.0, (self._owed - self.burst_bytes) / self.bytes_per_s)


@dataclass(frozen=True, slots=True)
class BodyBudgets:
    """What bodies that are not finished may hold in memory: the first bytes of each, and what comes after."""

    pace: Pace = field(default_factory=Pace)
    small: ByteBudget = field(default_factory=lambda: ByteBudget(96 * 2**20, 96 * 2**20))
    large: ByteBudget = field(default_factory=lambda: ByteBudget(128 * 2**20, 96 * 2**20))


_LEAST_DELAY_S = 0.002


class UnsupportedMediaError(FrameError):
    """The body is of a kind that this route does not take."""

    code = "unsupported-media"


def media_type(request: Request) -> str:
    """Return the media type of a body without its parameters, lower case."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


class LimitBody:
    """Middleware that refuses a body by its length, announced or real, or where memory is short, before it is decoded.

    A volume in a form goes to disk as it comes and needs no budget.
    """

    def __init__(self, app: ASGIApp, limits: BodyLimits, budgets: BodyBudgets) -> None:
        self._app = app
        self._limits = limits
        self._budgets = budgets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count the bytes of its body as they come."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, path, headers = self._limits.limit(scope["path"]), scope["path"], Headers(scope=scope)
        announced = headers.get("content-length", "")
        to_disk = path in _VOLUME_PATHS and headers.get("content-type", "").startswith("multipart/form-data")
        account = _Account(self._budgets, owner_of(scope) or _address(scope))
        taken = 0

        async def receive_counted() -> Message:
            nonlocal taken
            if announced.isdecimal() and int(announced[:20]) > limit:
                raise HTTPException(413, f"expected a body of at most {limit} bytes, got {announced[:20]}")
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413, f"expected a body of at most {limit} bytes, got more")
            if not to_disk and not account.hold(taken):
                raise HTTPException(503, "expected fewer long bodies at once, got too many; send it again later")
            if taken > _SMALL_BYTES:
                delay_s = self._budgets.pace.delay_s(len(message.get("body", b"")), time.monotonic())
                if delay_s > _LEAST_DELAY_S:
                    await asyncio.sleep(delay_s)
            return message

        try:
            await self._app(scope, receive_counted, send)
        finally:
            account.settle()


class _Account:
    """What one body holds of the budgets."""

    def __init__(self, budgets: BodyBudgets, holder: str) -> None:
        self._budgets = budgets
        self._holder = holder
        self._small = self._large = 0

    def hold(self, count: int) -> bool:
        """Hold so many bytes in all; return False if there are not so many."""
        small = min(count, _SMALL_BYTES)
        large = count - small
        if small > self._small:
            if not self._budgets.small.take(self._holder, small - self._small):
                return False
            self._small = small
        if large > self._large:
            if not self._budgets.large.take(self._holder, large - self._large):
                return False
            self._large = large
        return True

    def settle(self) -> None:
        """Give everything back."""
        self._budgets.small.give_back(self._holder, self._small)
        self._budgets.large.give_back(self._holder, self._large)
        self._small = self._large = 0


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
