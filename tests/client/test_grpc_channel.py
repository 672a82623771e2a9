"""The client's side of gRPC: messages from the fields of the HTTP API and back, and calls to a server on loopback."""

import asyncio

import grpc
import pytest
import trustme

from fluoropose.client.grpc_channel import (
    RpcCallError,
    RpcChannel,
    camera_message,
    event_dict,
    frame_message,
    restart_message,
    result_dict,
    settings_message,
)
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from support.fake_grpc import FLAT, POSE, found_fields, serve_fake_grpc
from support.grpc_errors import call_error


@pytest.mark.parametrize(
    ("details", "status", "lost", "code", "text"),
    [
        ("conflict: there already", grpc.StatusCode.ALREADY_EXISTS, False, "conflict", "there already"),
        ("not-ready: starting", grpc.StatusCode.UNAVAILABLE, True, "not-ready", "starting"),
        ("failed to connect: refused", grpc.StatusCode.UNAVAILABLE, True, "unavailable", "failed to connect: refused"),
        (None, grpc.StatusCode.CANCELLED, True, "cancelled", ""),
    ],
    ids=["refused", "not ready", "unreachable", "no details"],
)
def test_a_failed_call_is_the_services_refusal_or_a_broken_connection(details, status, lost, code, text):
    error = RpcCallError(call_error(details, status))
    assert (error.connection_lost, error.code, str(error), error.status) == (lost, code, text, status.value[0])


def test_a_cameras_matrices_are_flat_and_its_empty_fields_absent():
    message = camera_message({"rows": 4, "columns": 5, "camera_from_world": POSE, "row_spacing_mm": None})
    assert (message.rows, message.columns, list(message.camera_from_world)) == (4, 5, FLAT)
    assert not message.HasField("row_spacing_mm")
    assert not message.intrinsic_matrix


def test_settings_by_hand():
    message = settings_message(
        {
            "cases": [{"case": "x", "initial_pose": POSE}, {"case": "y"}],
            "cameras": {"a": {"rows": 4}, "b": {"rows": 5}},
            "pixel_meaning": "display",
            "policy": "reject",
            "max_frame_age_ms": 50.0,
            "pairing": {"tolerance_ms": 5.0},
            "smoothing": {"window_s": 2.0, "object": "moving"},
        }
    )
    assert [(one.case, list(one.initial_pose)) for one in message.cases] == [("x", FLAT), ("y", [])]
    assert [(one.name, one.camera.rows) for one in message.cameras] == [("a", 4), ("b", 5)]
    assert (message.pixel_meaning, message.policy) == (pb.DISPLAY, pb.REJECT)
    assert (message.max_frame_age_ms, message.pairing_tolerance_ms) == (50.0, 5.0)
    assert (message.smoothing.window_s, message.smoothing.object) == (2.0, pb.MOVING)


def test_settings_that_are_not_given_are_the_defaults():
    message = settings_message({"case": "x", "camera": {"rows": 4}})
    assert (message.case, message.camera.rows, message.pixel_meaning, message.policy) == (
        "x",
        4,
        pb.INTENSITY,
        pb.LATEST,
    )
    assert not message.HasField("smoothing")
    assert not message.HasField("max_frame_age_ms")


def test_frames_and_changes_by_hand():
    arm = {"primary_deg": 30.0, "secondary_deg": -10.0, "source_to_isocenter_mm": 800.0}
    frame = frame_message({"data": b"px", "seq": 3, "rows": 1, "columns": 2, "camera": "a", "c_arm": arm})
    assert (frame.data, frame.seq, frame.camera, frame.c_arm.primary_deg) == (b"px", 3, "a", 30.0)
    assert list(frame_message({"data": b"", "camera_from_world": POSE}).camera_from_world) == FLAT
    change = restart_message(
        {"case": "x", "add": [{"case": "y"}], "remove": ["z"], "cameras": {"a": {"rows": 4}}}
    ).restart
    assert (change.case, change.add[0].case, list(change.remove), change.cameras[0].camera.rows) == ("x", "y", ["z"], 4)
    assert not restart_message({}).restart.HasField("camera")


def test_a_result_is_that_of_http():
    smoothed = pb.Smoothed(world_from_volume=FLAT, camera_from_volume=FLAT, frames=9)
    result = result_dict(pb.Result(seq=7, timing_ms={"step": 2.0}, views=["a"], **found_fields(smoothed=smoothed)))
    assert (result["seq"], result["case"], result["status"], result["confidence"]) == (7, "x", "TRACKING", 0.5)
    assert result["world_from_volume"] == POSE
    assert result["error_estimate"] == {"in_plane_mm": 0.5, "depth_mm": 3.0, "rotation_deg": 1.0}
    assert (result["smoothed"]["frames"], result["smoothed"]["world_from_volume"]) == (9, POSE)
    assert (result["timing_ms"], result["views"]) == ({"step": 2.0}, ["a"])
    assert {"objects", "searching"} & set(result) == set()


def test_a_result_of_several_objects_lists_them():
    several = pb.Result(objects=[pb.Found(**found_fields())], searching=["y"], **found_fields())
    result = result_dict(several)
    assert [one["case"] for one in result["objects"]] == ["x"]
    assert "smoothed" not in result["objects"][0]
    assert result["searching"] == ["y"]


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (
            pb.ServerMessage(problem=pb.Problem(seq=0, code="invalid-frame", detail="dark")),
            {"type": "problem", "seq": 0, "code": "invalid-frame", "detail": "dark"},
        ),
        (
            pb.ServerMessage(problem=pb.Problem(code="conflict", detail="d")),
            {"type": "problem", "seq": None, "code": "conflict", "detail": "d"},
        ),
        (
            pb.ServerMessage(going_away=pb.GoingAway(reconnect_after_ms=5, last_pose=FLAT)),
            {"type": "going_away", "reconnect_after_ms": 5, "last_pose": POSE},
        ),
        (
            pb.ServerMessage(going_away=pb.GoingAway(reconnect_after_ms=5)),
            {"type": "going_away", "reconnect_after_ms": 5, "last_pose": None},
        ),
        (
            pb.ServerMessage(pong=pb.Pong(client_time=1.0, server_time=2.0)),
            {"type": "pong", "client_time": 1.0, "server_time": 2.0},
        ),
        (
            pb.ServerMessage(welcome=pb.Welcome(session="s", server_time=2.0)),
            {"type": "welcome", "session": "s", "server_time": 2.0},
        ),
        (pb.ServerMessage(ended=pb.Ended(reason="closed")), {"type": "ended", "reason": "closed"}),
    ],
    ids=["problem of a frame", "problem", "going away", "going away unseen", "pong", "welcome", "ended"],
)
def test_events_are_those_of_the_websocket(message, event):
    assert event_dict(message) == event


def test_a_result_event_holds_its_result():
    event = event_dict(pb.ServerMessage(result=pb.Result(seq=7, **found_fields())))
    assert (event["type"], event["seq"], event["world_from_volume"]) == ("result", 7, POSE)


def run(use):
    """Return the fake service, and what `use` returns of a channel to it."""

    async def both():
        async with serve_fake_grpc() as (servicer, address):
            channel = RpcChannel(address, "fp_1", None, None)
            try:
                return servicer, await use(channel)
            finally:
                await channel.close()

    return asyncio.run(both())


def test_a_session_is_opened_and_closed_with_the_key():
    async def use(channel):
        name = await channel.open_session({"case": "x"})
        await channel.close_session(name)
        return name

    servicer, name = run(use)
    assert (name, servicer.keys) == ("abc", ["Bearer fp_1"])


def test_a_refused_call_has_the_services_code():
    with pytest.raises(RpcCallError) as refused:
        run(lambda channel: channel.open_session({"case": "none"}))
    assert (refused.value.code, refused.value.connection_lost) == ("unknown-case", False)


def test_one_frame_or_several_views_are_registered():
    async def use(channel):
        alone = await channel.register({"case": "x", "camera": {"rows": 1}}, {"data": b"px", "seq": 3})
        views = [{"name": name, "camera": {"rows": 1}, "frame": {"data": b"px"}} for name in "ab"]
        return alone["seq"], (await channel.register({"case": "x", "views": views}))["views"]

    assert run(use)[1] == (3, ["a", "b"])


def test_a_stream_is_attached_and_ends():
    async def use(channel):
        stream = await channel.track("abc")
        await stream.send(pb.ClientMessage(ping=pb.Ping(client_time=12.5)))
        pong = await stream.receive()
        await stream.finish()
        with pytest.raises(ConnectionError, match="the stream has ended"):
            await stream.receive()
        return pong["client_time"]

    assert run(use)[1] == 12.5


def test_a_stream_that_the_service_ended_says_why_to_receiver_and_sender():
    async def use(channel):
        stream = await channel.track("abc")
        await stream.send(pb.ClientMessage(restart=pb.Restart(case="x")))
        with pytest.raises(RpcCallError) as received:
            await stream.receive()
        with pytest.raises(RpcCallError) as sent:
            await stream.send(pb.ClientMessage(ping=pb.Ping()))
        stream.cancel()
        return received.value.code, sent.value.code

    assert run(use)[1] == ("conflict", "conflict")


def test_an_authority_makes_the_channel_a_secure_one(tmp_path):
    """A server without TLS does not answer it: the connection breaks, with a certificate of our own or without."""
    authority = trustme.CA()
    ours = authority.issue_cert("console")
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (tmp_path / "chain.pem").write_bytes(ours.cert_chain_pems[0].bytes())
    (tmp_path / "key.pem").write_bytes(ours.private_key_pem.bytes())

    async def call(pair):
        async with serve_fake_grpc() as (_, address):
            channel = RpcChannel(address, None, tmp_path / "ca.pem", pair)
            try:
                await channel.open_session({"case": "x"})
            finally:
                await channel.close()

    for pair in (None, (tmp_path / "chain.pem", tmp_path / "key.pem")):
        with pytest.raises(RpcCallError) as broken:
            asyncio.run(call(pair))
        assert broken.value.connection_lost


def test_a_mask_goes_out_flat():
    mask = {"circle_px": [5.0, 6.0, 7.0], "hidden_px": [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]}
    sent = settings_message({"case": "x", "camera": {"rows": 4, "mask": mask}}).camera.mask
    assert (list(sent.circle_px), list(sent.polygon_px)) == ([5.0, 6.0, 7.0], [])
    assert list(sent.hidden_px) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


def test_what_is_asked_to_be_included_goes_out_and_comes_back():
    tolerance = {"focal_percent": 1.0, "principal_point_px": 2.0}
    message = settings_message({"case": "x", "camera": {"rows": 4, "tolerance": tolerance}, "include": ["outline"]})
    assert list(message.include) == ["outline"]
    assert (message.camera.tolerance.focal_percent, message.camera.tolerance.principal_point_px) == (1.0, 2.0)
    assert list(restart_message({"include": []}).restart.include.parts) == []
    assert restart_message({"include": []}).restart.HasField("include")
    polygons = [pb.Polygon(pixels=[1.0, 2.0, 3.0, 4.0, 5.0, 7.0])]
    result = result_dict(pb.Result(**found_fields(outline=polygons, covariance=[0.5] * 36, reason="doubtful-match")))
    assert result["outline"] == [[[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]]
    assert result["covariance"] == [[0.5] * 6] * 6
    assert result["reason"] == "doubtful-match"
