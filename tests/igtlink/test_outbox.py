"""What waits for a client is the newest of each device and kind."""

import asyncio

from fluoropose.igtlink.messages import Message
from fluoropose.igtlink.outbox import Outbox


def test_a_newer_message_takes_the_place_of_an_older_one():
    async def use():
        outbox = Outbox(version=2)
        for content in (b"1", b"2", b"3"):
            outbox.put(Message("TRANSFORM", "a", content))
            outbox.put(Message("STATUS", "a", content))
        return outbox.replaced, await outbox.take()

    replaced, messages = asyncio.run(use())
    assert replaced == 4
    assert [(one.kind, one.content, one.version, one.number) for one in messages] == [
        ("TRANSFORM", b"3", 2, 1), ("STATUS", b"3", 2, 2),
    ]  # fmt: skip


def test_taking_waits_until_there_is_something():
    async def use():
        outbox = Outbox()
        taking = asyncio.create_task(outbox.take())
        await asyncio.sleep(0)
        assert not taking.done()
        outbox.put(Message("STATUS", "a", b""))
        await taking
        assert not asyncio.create_task(outbox.take()).done()

    asyncio.run(use())
