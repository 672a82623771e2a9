"""The run of `igtlink`'s bridge until a signal."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from fluoropose.client import AsyncClient
from fluoropose.errors import InputError
from fluoropose.igtlink.bridge import Bridge, BridgePlan
from fluoropose.igtlink.side_by_side import run_side_by_side

__all__ = ["ServiceAddress", "require_guarded", "run_bridge"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TRANSPORTS = ("ws", "grpc")
_REPORT_S = 10.0


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Where the service is, how frames travel to it, and the API key."""

    http: str = "http://127.0.0.1:8000"
    grpc: str = "127.0.0.1:8001"
    transport: str = "ws"
    key: str | None = None

    def __post_init__(self) -> None:
        """Refuse a transport that does not stream."""
        if self.transport not in _TRANSPORTS:
            raise InputError(f"expected --transport {' or '.join(_TRANSPORTS)}, got {self.transport!r}")


def require_guarded(host: str, open_network: bool) -> None:
    """Raise InputError for an address beyond this machine unless the user said that this is wanted."""
    if host not in _LOOPBACK and not open_network:
        raise InputError(
            f"expected a loopback address, got {host}: OpenIGTLink has no keys and no encryption; say --open-network "
            "where everyone on that network may send frames and see poses"
        )


def run_bridge(plan: BridgePlan, service: ServiceAddress, listen: tuple[str, int], say: Callable[[str], None]) -> None:
    """Run a bridge until SIGINT or SIGTERM; `say` gets a line about what happens, and counts every ten seconds.

    Raises
    ------
    ProblemError, LinkLostError, DeviceError
        If the service refuses a session or is not there, or the address is not free.
    """
    asyncio.run(_run(plan, service, listen, say))


async def _run(plan: BridgePlan, service: ServiceAddress, listen: tuple[str, int], say: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = AsyncClient(service.http, service.transport, grpc=service.grpc, key=service.key, reconnect_s=0.0)
    async with client:
        bridge = Bridge(plan, client, say)
        try:
            await bridge.open(*listen)
            say(f"listening on {listen[0]}:{bridge.server.port}; sends {_sent_names(plan)}")
            await _until(stop, bridge, say)
            say("stopped")
        finally:
            await bridge.close()


async def _until(stop: asyncio.Event, bridge: Bridge, say: Callable[[str], None]) -> None:
    """Run a bridge until it is asked to stop, or ends with an error."""
    await run_side_by_side(stop.wait(), bridge.run(), _report(bridge, say))


async def _report(bridge: Bridge, say: Callable[[str], None]) -> None:
    before = ""
    while True:
        await asyncio.sleep(_REPORT_S)
        counted = [
            f"{one.received} frames, {one.answered} answered, {one.refused} refused, {one.replaced} replaced by newer"
            for one in bridge.counts
        ]
        line = "; ".join(counted)
        if line != before:
            say(f"{line}; {len(bridge.server)} clients")
        before = line


def _sent_names(plan: BridgePlan) -> str:
    return f"TRANSFORM {plan.form.names.transform} ({plan.form.axes}) and STATUS {plan.form.names.status}"
