"""The calls one by one: open, register, close, and what each refuses."""

import asyncio

import pytest

from fluoropose.client.grpc_channel import RpcCallError, RpcChannel
from support.damaged import damaged_frames
from support.rpc import rpc_server
from support.serving import metric


def test_a_session_is_opened_and_closed_once(started, opening):
    async def run():
        async with rpc_server(started) as (address, _, parts):
            channel = RpcChannel(address, None, None, None)
            session = await channel.open_session(opening)
            assert started.sessions.get(session).name == session
            await channel.close_session(session)
            with pytest.raises(RpcCallError) as refused:
                await channel.close_session(session)
            await channel.close()
            counts = [metric(parts, "sessions_total", outcome=outcome) for outcome in ("opened", "closed")]
            return refused.value.code, counts

    assert asyncio.run(run()) == ("unknown-session", [1.0, 1.0])


def test_a_registration_keeps_nothing(started, opening, frame):
    async def run():
        async with rpc_server(started) as (address, _, parts):
            channel = RpcChannel(address, None, None, None)
            raw = {"data": frame.astype("<u2").tobytes(), "dtype": "uint16"}
            result = await channel.register(opening, raw)
            with pytest.raises(RpcCallError) as refused:
                await channel.register(opening, {"data": b"\0", "dtype": "uint16"})
            await channel.close()
            return (
                result,
                refused.value.code,
                metric(parts, "frames_completed_total", transport="grpc", status=result["status"]),
            )

    result, code, completed = asyncio.run(run())
    assert (result["seq"], result["case"], code, completed) == (0, "small", "invalid-frame", 1.0)
    assert len(started.sessions) == 0


MEDIA_TYPES = {".png": "image/png", ".npy": "application/x-npy", ".dcm": "application/dicom"}


def test_a_damaged_frame_of_any_kind_is_a_problem_and_the_next_is_registered(started, opening, frame):
    async def run():
        async with rpc_server(started) as (address, _, _):
            channel = RpcChannel(address, None, None, None)
            codes = set()
            for name, data in damaged_frames().items():
                media_type = MEDIA_TYPES.get(name[name.rindex(".") :])
                if media_type is not None:
                    with pytest.raises(RpcCallError) as refused:
                        await channel.register(opening, {"data": data, "media_type": media_type})
                    codes.add(refused.value.code)
            result = await channel.register(opening, {"data": frame.astype("<u2").tobytes(), "dtype": "uint16"})
            await channel.close()
            return codes, result["seq"]

    assert asyncio.run(run()) == ({"invalid-frame"}, 0)
