"""How long a frame's answer takes through the bridge and past it: the same frames, in turns. Times in ms."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.client import AsyncClient
from fluoropose.igtlink.image import image_content
from fluoropose.igtlink.messages import Message, pack_message
from fluoropose.igtlink.reading import ReadingLimits, read_message

__all__ = ["LatencyPlan", "measure_latencies", "summarise"]

_BODY_BYTES = 1 << 20
_ANSWER_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class LatencyPlan:
    """The frames (rows, columns) of a run, sent at `fps` in blocks of `block`: one through the bridge, one past it.

    `opening` is what POST /v1/sessions takes. `frames` beyond the run go through it there and back.
    """

    opening: Mapping[str, Any]
    run: Sequence[NDArray[Any]]
    frames: int = 300
    fps: float = 30.0
    block: int = 30


async def measure_latencies(plan: LatencyPlan, client: AsyncClient, port: int) -> dict[str, list[float]]:
    """Return ms from a frame's sending to its answer: `direct` through the client, `bridge` through the one on a port.

    The first block of each is not counted.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    tracker = await client.track(**plan.opening)
    events = tracker.events()
    taken: dict[str, list[float]] = {"direct": [], "bridge": []}

    async def direct(pixels: NDArray[Any]) -> None:
        sent = await tracker.push(pixels, time.time())
        async for event in events:
            if event.get("seq") == sent:
                return

    async def bridged(pixels: NDArray[Any]) -> None:
        message = Message("IMAGE", "Frame", image_content(pixels), time.time())
        writer.write(pack_message(message))
        await writer.drain()
        await _status_of(reader)

    try:
        numbers = _there_and_back(len(plan.run), plan.frames)
        for first in range(0, len(numbers), plan.block):
            for name, ask in (("direct", direct), ("bridge", bridged)):
                for number in numbers[first : first + plan.block]:
                    began = time.perf_counter()
                    async with asyncio.timeout(_ANSWER_S):
                        await ask(plan.run[number])
                    spent = time.perf_counter() - began
                    if first:
                        taken[name].append(1e3 * spent)
                    await asyncio.sleep(max(0.0, 1.0 / plan.fps - spent))
    finally:
        writer.close()
        await tracker.close()
    return taken


def summarise(taken: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return count, p50 and p99 of each way in ms, and what the bridge adds to both."""
    figures: dict[str, Any] = {
        name: {"frames": len(values), "p50_ms": float(np.median(values)), "p99_ms": float(np.percentile(values, 99))}
        for name, values in taken.items()
    }
    added = {key: figures["bridge"][key] - figures["direct"][key] for key in ("p50_ms", "p99_ms")}
    return figures | {"added": added}


async def _status_of(reader: asyncio.StreamReader) -> None:
    """Read until the STATUS of a frame: its subcode, the frame's number, is not -1."""
    while True:
        message = await read_message(reader, ReadingLimits(_BODY_BYTES, _ANSWER_S))
        if message is None:
            raise ConnectionError("expected a STATUS, got the connection's end")
        if message.kind == "STATUS" and int.from_bytes(message.content[2:10], "big", signed=True) >= 0:
            return


def _there_and_back(length: int, count: int) -> list[int]:
    """Return numbers that go to the end and back, so that each frame is near the one before."""
    period = [*range(length), *range(length - 2, 0, -1)]
    return [period[n % len(period)] for n in range(count)]
