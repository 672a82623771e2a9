"""A server of OpenIGTLink: many clients, each read and written on its own, none of which holds up another."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from fluoropose.errors import DeviceError, InputError
from fluoropose.igtlink.header import BrokenHeaderError, MessageError
from fluoropose.igtlink.messages import Message, pack_message
from fluoropose.igtlink.outbox import Outbox
from fluoropose.igtlink.outgoing import status_content
from fluoropose.igtlink.reading import ReadingLimits, read_message
from fluoropose.igtlink.side_by_side import run_side_by_side

__all__ = ["LinkServer", "Receiver", "ServerLimits", "fault_message"]

Receiver = Callable[[Message], None]
"""It is called with each message that came whole, and raises MessageError for one that cannot be used."""

_BUSY = 6
_OWN_DEVICE = "fluoropose"


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Most clients at a time, what is read of each, and how long one may take no bytes before it is dropped.

    `version` is the header version of what is sent; 0 for that of what the client itself sent last, 1 before.
    """

    reading: ReadingLimits
    clients: int = 16
    send_s: float = 5.0
    version: int = 0


@dataclass(slots=True, eq=False)
class _Client:
    name: str
    outbox: Outbox
    writer: asyncio.StreamWriter
    faults: int = 0


@dataclass(slots=True, eq=False)
class LinkServer:
    """The server. `receive` gets what clients send; `say` gets a line about each client and each fault.

    `greeting` gives what a client is sent first. `port` is the one that is listened on.
    """

    receive: Receiver
    limits: ServerLimits
    say: Callable[[str], None] = lambda line: None
    greeting: Callable[[], Sequence[Message]] = tuple
    port: int = 0
    _clients: dict[int, _Client] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _count: int = 0

    async def start(self, host: str, port: int) -> None:
        """Listen on an address, 0 for any free port; DeviceError if that is not possible."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=2**22)
        except OSError as error:
            raise DeviceError(f"expected a free address {host}:{port}, got: {error.strerror or error}") from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End all connections and listen no more."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __len__(self) -> int:
        """Return the number of clients."""
        return len(self._clients)

    def broadcast(self, messages: Sequence[Message]) -> None:
        """Send messages to every client, as soon as each can take them."""
        for client in self._clients.values():
            for message in messages:
                client.outbox.put(message)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("expected a task, got none")
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except asyncio.CancelledError:
            pass  # the server closes
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        name = ":".join(str(part) for part in peer[:2]) if peer else "a client"
        if len(self._clients) >= self.limits.clients:
            self.say(f"{name}: refused, {self.limits.clients} clients are connected")
            await self._refuse(writer)
            return
        self._count += 1
        number, client = self._count, _Client(name, Outbox(self.limits.version or 1), writer)
        self._clients[number] = client
        self.say(f"{name}: connected")
        for message in self.greeting():
            client.outbox.put(message)
        try:
            why = await run_side_by_side(self._read(client, reader), self._write(client))
            self.say(f"{name}: gone ({why})")
        finally:
            self._clients.pop(number)

    async def _read(self, client: _Client, reader: asyncio.StreamReader) -> str:
        """Read a client's messages until there are no more; return why."""
        while True:
            try:
                message = await read_message(reader, self.limits.reading)
                if message is None:
                    return "closed by the client"
                client.outbox.version = self.limits.version or message.version
                self.receive(message)
            except BrokenHeaderError as error:
                self._note_fault(client, error)
                with suppress(OSError, TimeoutError):
                    await self._send(client, [fault_message(error)])
                return "its messages cannot be told apart any more"
            except MessageError as error:
                self._note_fault(client, error)
                client.outbox.put(fault_message(error))
            except OSError as error:
                return f"connection lost: {error.strerror or error}"

    async def _write(self, client: _Client) -> str:
        """Send a client what waits for it until it takes no more; return why."""
        while True:
            messages = await client.outbox.take()
            try:
                await self._send(client, messages)
            except TimeoutError:
                return f"it took nothing for {self.limits.send_s:g} s"
            except OSError as error:
                return f"connection lost: {error.strerror or error}"

    async def _send(self, client: _Client, messages: Sequence[Message]) -> None:
        for message in messages:
            client.writer.write(pack_message(message))
        async with asyncio.timeout(self.limits.send_s):
            await client.writer.drain()

    async def _refuse(self, writer: asyncio.StreamWriter) -> None:
        text = f"expected at most {self.limits.clients} clients, got one more"
        content = status_content(_BUSY, 0, "BUSY", text)
        with suppress(OSError, TimeoutError):
            writer.write(pack_message(Message("STATUS", _OWN_DEVICE, content)))
            writer.close()
            async with asyncio.timeout(self.limits.send_s):
                await writer.wait_closed()

    def _note_fault(self, client: _Client, error: InputError) -> None:
        """Say a client's first faults, then every hundredth."""
        client.faults += 1
        if client.faults <= 10 or client.faults % 100 == 0:
            self.say(f"{client.name}: message {client.faults} that cannot be used: {error}")


def fault_message(error: MessageError) -> Message:
    """Return the STATUS that tells a client what was wrong with its message."""
    name = "BROKEN-HEADER" if isinstance(error, BrokenHeaderError) else "INVALID-MESSAGE"
    return Message("STATUS", _OWN_DEVICE, status_content(error.status, 0, name, str(error)))
