"""Coroutines side by side: the first that ends ends all, what it raised comes out, none is left behind."""

import asyncio

import pytest

from fluoropose.igtlink.side_by_side import run_side_by_side


def test_the_first_that_ends_ends_the_others():
    ended = []

    async def endless(name):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    assert asyncio.run(run_side_by_side(endless("a"), asyncio.sleep(0, "first"), endless("b"))) == "first"
    assert ended == ["a", "b"]


def test_an_error_comes_out_when_all_have_ended():
    ended = []

    async def waits():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waited")

    async def fails():
        raise ConnectionError("gone")

    async def check():
        with pytest.raises(ConnectionError, match="gone"):
            await run_side_by_side(waits(), fails())
        assert ended == ["waited"]

    asyncio.run(check())


def test_until_the_first_failure_an_end_ends_nothing():
    async def fails():
        await asyncio.sleep(0.01)
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(run_side_by_side(asyncio.sleep(0), fails(), until=asyncio.FIRST_EXCEPTION))


def test_who_is_cancelled_ends_the_parts_first():
    ended = []

    async def waits():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waited")

    async def check():
        task = asyncio.create_task(run_side_by_side(waits()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == ["waited"]

    asyncio.run(check())
