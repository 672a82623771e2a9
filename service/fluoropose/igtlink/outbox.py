"""What waits to be sent to one client: of each device and kind of message the newest, so that it is bounded."""

import asyncio
from dataclasses import replace

from fluoropose.igtlink.messages import Message

__all__ = ["Outbox"]


class Outbox:
    """The newest message of each device and kind, in the order in which they are to be sent.

    `replaced` counts the messages that a newer one took the place of. Messages go in header version `version`.
    """

    def __init__(self, version: int = 1) -> None:
        self.version = version
        self.replaced = 0
        self._waiting: dict[tuple[str, str], Message] = {}
        self._filled = asyncio.Event()
        self._number = 0

    def put(self, message: Message) -> None:
        """Let a message wait; one of the same device and kind that waits is replaced."""
        key = message.kind, message.device
        self.replaced += self._waiting.pop(key, None) is not None
        self._waiting[key] = message
        self._filled.set()

    async def take(self) -> list[Message]:
        """Wait until there are messages, and return all of them."""
        await self._filled.wait()
        self._filled.clear()
        messages, self._waiting = list(self._waiting.values()), {}
        return [self._numbered(message) for message in messages]

    def _numbered(self, message: Message) -> Message:
        self._number += 1
        return replace(message, version=self.version, number=self._number % 2**32)
