"""Keys over gRPC: every call needs one that allows it."""

import asyncio

import pytest

from fluoropose.client.grpc_channel import RpcCallError, RpcChannel
from fluoropose.serving.api_keys import KeyRing, add_key
from support.rpc import rpc_server
from support.serving import metric


def test_every_call_needs_a_key_that_allows_it(started, tmp_path, opening):
    path = tmp_path / "keys.json"
    good, weak = add_key(path, "console", ["infer"]), add_key(path, "scraper", ["metrics"])

    async def refused(address, key):
        channel = RpcChannel(address, key, None, None)
        codes = []
        calls = (
            lambda: channel.open_session(opening),
            lambda: channel.close_session("x"),
            lambda: channel.register(opening, {"data": b""}),
            lambda: channel.track("x"),
        )
        for call in calls:
            with pytest.raises(RpcCallError) as error:
                await call()
            codes.append(error.value.code)
        await channel.close()
        return codes

    async def run():
        async with rpc_server(started, KeyRing(path)) as (address, _, parts):
            assert await refused(address, None) == ["unauthenticated"] * 4
            assert await refused(address, "fp_console_wrong") == ["unauthenticated"] * 4
            assert await refused(address, weak) == ["forbidden"] * 4
            channel = RpcChannel(address, good, None, None)
            session = await channel.open_session(opening)
            await channel.close_session(session)
            await channel.close()
            assert metric(parts, "auth_failures_total", reason="missing") == 4

    asyncio.run(run())
