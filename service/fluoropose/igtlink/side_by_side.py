"""Coroutines that run side by side until one of them ends: what reads a connection and what writes it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_side_by_side"]

T = TypeVar("T")


async def run_side_by_side(*parts: Coroutine[Any, Any, T], until: str = asyncio.FIRST_COMPLETED) -> T:
    """Run coroutines until one of them ends, or, with `asyncio.FIRST_EXCEPTION`, fails; end the others, all of them.

    Return what the first that has ended returned, first in their order; what one that has ended raised is raised here.
    """
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=until)
        return [task.result() for task in tasks if task in done][0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
