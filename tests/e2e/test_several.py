"""Several cameras and objects, a moving C-arm and smoothing over the three transports, against the engine itself."""

import asyncio
import base64
import json
import shutil

import httpx
import numpy as np
import pytest

from fluoropose.client import AsyncClient, Client, ProblemError
from fluoropose.client.grpc_channel import RpcCallError, RpcChannel
from fluoropose.evaluation.server_process import server_process
from fluoropose.geometry.rig import PlacedCamera, c_arm_camera_from_world
from fluoropose.geometry.rigid import check_rigid, inverse
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import store_case
from fluoropose.io.frames import npy_bytes
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.result import FrameView
from fluoropose.transports.http.schemas import camera_json
from support.cases import SMALL_CHOICE, tiny_bundle_folder, tiny_resident, wider_volume
from support.views import placed_json, rig_places, taken

TRANSPORTS = ("http", "ws", "grpc")


@pytest.fixture(scope="module")
def server(cases_root, models_root, tmp_path_factory):
    """A real server process with the small case, its twin of another name, and a case of a wider object."""
    folder = tmp_path_factory.mktemp("twins")
    for root, kind in ((cases_root, "cases"), (models_root, "models")):
        for name in ("small", "twin"):
            shutil.copytree(root / "small", folder / kind / name)
    wider = store_case(folder / "cases" / "wider", "test:wider:1", wider_volume(), SMALL_CHOICE)
    tiny_bundle_folder(wider, folder / "models" / "wider")
    with server_process(folder / "cases", folder / "models", 1, "cpu") as running:
        yield running


@pytest.fixture(params=TRANSPORTS)
def client(request, server):
    with Client(server.http, request.param, grpc=server.grpc) as client:
        yield client


@pytest.fixture(scope="module")
def resident(small_case, models_root):
    return tiny_resident(small_case, load_bundle(models_root / "small"))


@pytest.fixture
def places(small_case, pose):
    return rig_places(small_case, pose)


@pytest.fixture
def frames(small_case, camera, pose, places):
    return {name: taken(small_case, camera, place @ pose) for name, place in places.items()}


@pytest.fixture
def joint(resident, camera, pose, places, frames):
    """What the engine says of both frames from the start."""
    return by_engine(resident, pose, [(frames[name], camera, places[name], name) for name in ("a", "b")])


def by_engine(resident, start, seen):
    """Register views as the service does with what comes over the wire: matrices are made rigid on entry."""
    views = [
        FrameView(pixels, PlacedCamera(camera, check_rigid(place, name)), name) for pixels, camera, place, name in seen
    ]
    plan = Plan(check_rigid(start, "start"), nearby=False)
    return register(resident, views, plan)


def used(found):
    return [view.name for view in found.views if view.used]


def same_as_joint(result, joint, camera):
    (report,) = [view for view in joint.views if view.name == camera]
    return (
        result["world_from_volume"] == joint.world_from_volume.tolist()
        and result["camera_from_volume"] == report.camera_from_volume.tolist()
        and result["confidence"] == joint.assessment.confidence
        and result["views"] == used(joint)
        and set(result["views_left_out"]) == {"a", "b"} - set(used(joint))
    )


def test_a_late_partner_is_solved_with_what_was_kept_to_the_last_bit(client, camera, pose, places, frames, joint):
    tracker = client.track("small", cameras=placed_json(camera, places), initial_pose=pose)
    first = tracker.send(frames["a"], captured_at=1e9, camera="a")
    assert (first["camera"], first["views"], first["views_left_out"]) == ("a", ["a"], {})
    tracker.restart(initial_pose=pose)
    second = tracker.send(frames["b"], captured_at=1e9 + 0.015, camera="b")
    assert second["camera"] == "b"
    assert same_as_joint(second, joint, "b")
    tracker.restart(initial_pose=pose)
    third = tracker.send(frames["b"], captured_at=1e9 + 0.1, camera="b")
    assert third["views"] == ["b"]
    tracker.close()


def test_frames_of_one_instant_sent_at_once_are_all_answered(client, camera, pose, places, frames):
    tracker = client.track("small", cameras=placed_json(camera, places), initial_pose=pose)
    results = tracker.send_views(frames, captured_at=1e9)
    assert {name: result["camera"] for name, result in results.items()} == {"a": "a", "b": "b"}
    assert results["a"]["seq"] != results["b"]["seq"]
    tracker.close()


def test_one_shot_views_are_the_engines_over_http_and_grpc(server, camera, pose, places, frames, joint):
    cameras = placed_json(camera, places)
    coded = {name: base64.b64encode(npy_bytes(frame)).decode() for name, frame in frames.items()}
    views = [{"name": name, "camera": cameras[name]} for name in cameras]
    body = {"case": "small", "initial_pose": pose.tolist()}
    as_json = [view | {"frame": coded[view["name"]]} for view in views]
    told = httpx.post(f"{server.http}/v1/register", json=body | {"views": as_json}).json()
    files = [("frame", npy_bytes(frame)) for frame in frames.values()]
    form = httpx.post(f"{server.http}/v1/register", data={"request": json.dumps(body | {"views": views})}, files=files)
    raw = {name: {"data": frame.astype("<u2").tobytes(), "dtype": "uint16"} for name, frame in frames.items()}

    async def over_grpc():
        channel = RpcChannel(server.grpc, None, None, None)
        try:
            return await channel.register(body | {"views": [view | {"frame": raw[view["name"]]} for view in views]})
        finally:
            await channel.close()

    called = asyncio.run(over_grpc())
    for result in (told, form.json(), called):
        assert same_as_joint(result, joint, "a")
    assert told.keys() == called.keys()


def test_a_camera_that_moves_tells_its_place_with_each_frame(client, small_case, camera, pose, resident):
    places = [c_arm_camera_from_world(angle, 0.0, 890.0) for angle in (0.0, 4.0)]
    world_from_volume = inverse(places[0]) @ pose
    tracker = client.track("small", camera_json(camera), initial_pose=world_from_volume)
    for n, place in enumerate(places):
        pixels = taken(small_case, camera, place @ world_from_volume)
        expected = by_engine(resident, world_from_volume, [(pixels, camera, place, "camera")])
        arm = {"primary_deg": 0.0, "secondary_deg": 0.0, "source_to_isocenter_mm": 890.0}
        view = {"camera_from_world": place} if n else {"c_arm": arm}
        result = tracker.send(pixels, captured_at=1e9 + n / 15.0, **view)
        assert result["world_from_volume"] == expected.world_from_volume.tolist()
        assert result["camera_from_volume"] == expected.camera_from_volume.tolist()
        tracker.restart(initial_pose=world_from_volume)
    with pytest.raises(ProblemError) as refused:
        tracker.send(pixels)
    assert refused.value.code == "no-common-world"
    tracker.close()


def test_two_objects_come_and_go(client, camera, pose, frame):
    starts = [{"case": name, "initial_pose": pose} for name in ("small", "twin")]
    tracker = client.track(cases=starts, camera=camera_json(camera))
    both = tracker.send(frame)
    assert [found["case"] for found in both["objects"]] == ["small", "twin"]
    assert both["case"] == "small"
    assert {key: both["objects"][0][key] for key in ("camera_from_volume", "status", "model", "confidence")} == {
        key: both[key] for key in ("camera_from_volume", "status", "model", "confidence")
    }
    tracker.restart(remove=["small"])
    alone = tracker.send(frame)
    assert (alone["case"], "objects" in alone) == ("twin", False)
    tracker.restart(add=[{"case": "small", "initial_pose": pose}])
    again = tracker.send(frame)
    assert [found["case"] for found in again["objects"]] == ["twin", "small"]
    tracker.close()


def test_a_window_is_smoothed_and_its_errors_are_told(client, camera, pose, frame):
    tracker = client.track(
        "small", camera_json(camera), initial_pose=pose, smoothing={"window_s": 2.0, "object": "still"}
    )
    result = tracker.send(frame, captured_at=1e9)
    assert ("smoothed" in result) == (result["status"] == "TRACKING")
    tracker.close()


def test_views_whose_objects_differ_are_refused_alike_and_the_session_goes_on(
    watched, client, camera, pose, places, frames
):
    """Camera b has a case of its own direction, which proves to be of another object: told with the figure."""
    cameras = placed_json(camera, places)
    cameras["b"]["case"] = "wider"
    tracker = client.track("small", cameras=cameras, initial_pose=pose)
    assert tracker.send(frames["a"], captured_at=1e9, camera="a")["views"] == ["a"]
    with pytest.raises(ProblemError, match=r"expected views of one object.* differ by up to \d+\.\d+ mm") as refused:
        tracker.send(frames["b"], captured_at=1e9 + 0.001, camera="b")
    assert refused.value.code == "invalid-request"
    assert tracker.send(frames["a"], captured_at=1e9 + 1.0, camera="a")["views"] == ["a"]
    tracker.close()


def test_contradictions_are_told_with_their_figure(client, camera, pose, places):
    away = np.array(places["b"])
    away[1, 3] += 5000.0
    with pytest.raises(ProblemError, match=r"pass each other by \d+") as refused:
        client.track("small", cameras=placed_json(camera, {"a": places["a"], "b": away}), initial_pose=pose)
    assert refused.value.code == "cameras-contradict"


def bad_openings(camera, places):
    there, bare = places, placed_json(camera, places)
    del bare["b"]["camera_from_world"]
    beyond = np.array(there["b"])
    beyond[2, 3] = -20000.0
    return {
        "no common world": ({"cameras": bare}, "no-common-world"),
        "the same camera twice": ({"cameras": placed_json(camera, {"a": there["a"], "b": there["a"]})}, "same-camera"),
        "contradiction": ({"cameras": placed_json(camera, {"a": there["a"], "b": beyond})}, "cameras-contradict"),
        "five cameras": ({"cameras": placed_json(camera, dict.fromkeys("abcde", there["b"]))}, "invalid-request"),
        "no camera": ({"cameras": None}, "invalid-request"),
        "both": ({"camera": camera_json(camera)}, "invalid-request"),
        "a case twice": (
            {"case": None, "initial_pose": None, "cases": [{"case": "small"}, {"case": "small"}]},
            "conflict",
        ),
        "an unknown case": ({"case": None, "initial_pose": None, "cases": [{"case": "nobody"}]}, "unknown-case"),
        "a place that is none": (
            {"cameras": placed_json(camera, {"a": there["a"], "b": np.diag([2.0, 1, 1, 1])})},
            "invalid-geometry",
        ),
        "a tolerance below nothing": ({"pairing": {"tolerance_ms": -1.0}}, "invalid-request"),
        "no window": ({"smoothing": {"window_s": 0.0}}, "invalid-request"),
        "a direction of several": (
            {
                "case": None,
                "initial_pose": None,
                "cases": [{"case": "small"}, {"case": "twin"}],
                "cameras": {"a": camera_json(camera) | {"case": "twin"}},
            },
            "invalid-request",
        ),
    }


@pytest.fixture
def watched(client, camera, pose, frame):
    """A session beside the one that is disturbed; its answers stay what they were."""
    tracker = client.track("small", camera_json(camera), initial_pose=pose)
    before = tracker.send(frame)
    yield
    tracker.restart(initial_pose=pose)
    assert tracker.send(frame)["camera_from_volume"] == before["camera_from_volume"]
    tracker.close()


def test_cameras_and_objects_that_cannot_be_meant_are_refused_alike(watched, client, camera, pose, places):
    good = {"case": "small", "cameras": placed_json(camera, places), "initial_pose": pose}
    for name, (change, code) in bad_openings(camera, places).items():
        with pytest.raises(ProblemError) as refused:
            client.track(**(good | change))
        assert refused.value.code == code, name


def test_frames_that_cannot_be_meant_are_refused_alike_and_the_pair_goes_on(
    watched, client, camera, pose, places, frames
):
    tracker = client.track("small", cameras=placed_json(camera, places), initial_pose=pose)
    square = np.diag([1.0, 1.0, 2.0, 1.0]).tolist()
    bad = [
        ({"camera": "c"}, "unknown-camera"),
        ({}, "unknown-camera"),
        ({"camera": "a", "camera_from_world": square}, "invalid-geometry"),
    ]
    for view, code in bad:
        with pytest.raises(ProblemError) as refused:
            tracker.send(frames["a"], captured_at=1e9, **view)
        assert refused.value.code == code
    with pytest.raises(ProblemError) as refused:
        tracker.send(frames["a"][:5].copy(), captured_at=1e9, camera="a")
    assert refused.value.code == "invalid-frame"
    assert tracker.send(frames["b"], captured_at=1e9, camera="b")["views"] == ["b"]
    assert tracker.send(frames["a"], captured_at=5.0, camera="a")["views"] == ["a"]
    tracker.close()


def test_changes_that_cannot_be_are_refused_alike(watched, client, camera, pose, frame):
    tracker = client.track("small", camera_json(camera), initial_pose=pose)
    for change, code in (
        ({"remove": ["nobody"]}, "unknown-object"),
        ({"remove": ["small"]}, "conflict"),
        ({"add": [{"case": "small"}]}, "conflict"),
        ({"add": [{"case": "nobody"}]}, "unknown-case"),
        ({"case": "nobody", "initial_pose": pose}, "unknown-object"),
        ({"cameras": {"c": camera_json(camera)}}, "unknown-camera"),
    ):
        with pytest.raises(ProblemError) as refused:
            tracker.restart(**change)
            tracker.send(frame)
        assert refused.value.code == code
    assert tracker.send(frame)["case"] == "small"
    tracker.close()


def test_one_shot_views_that_cannot_be_meant(server, camera, pose, places, frames):
    cameras = placed_json(camera, places)
    coded = base64.b64encode(npy_bytes(frames["a"])).decode()
    good = [{"camera": cameras[name], "frame": coded} for name in cameras]
    bad = [
        ([good[0] | {"name": "x"}, good[1] | {"name": "x"}], "same-camera"),
        ([good[0], good[0]], "same-camera"),
        ([good[0], {"camera": camera_json(camera), "frame": coded}], "no-common-world"),
        ([good[0], {"camera": cameras["b"]}], "invalid-frame"),
        ([good[0], good[1] | {"frame": "AAAA"}], "invalid-frame"),
        ([], "invalid-request"),
    ]
    body = {"case": "small", "initial_pose": pose.tolist()}
    for views, code in bad:
        answer = httpx.post(f"{server.http}/v1/register", json=body | {"views": views})
        assert answer.json()["code"] == code, views

    async def refused(views):
        channel = RpcChannel(server.grpc, None, None, None)
        try:
            with pytest.raises(RpcCallError) as error:
                await channel.register(body | {"views": views})
            return error.value.code
        finally:
            await channel.close()

    raw = {"data": frames["a"].astype("<u2").tobytes(), "dtype": "uint16"}
    twice = [{"name": "x", "camera": cameras[name], "frame": raw} for name in cameras]
    assert asyncio.run(refused(twice)) == "same-camera"
    assert asyncio.run(refused([{"camera": camera_json(camera), "frame": raw}] * 2)) == "no-common-world"


@pytest.mark.parametrize("transport", ["ws", "grpc"])
def test_a_burst_of_two_cameras_is_all_accounted_for(server, camera, pose, places, frames, transport):
    count = 12

    async def run():
        async with AsyncClient(server.http, transport, grpc=server.grpc) as client:
            tracker = await client.track("small", cameras=placed_json(camera, places), initial_pose=pose)
            for n in range(count):
                for name in ("a", "b"):
                    await tracker.push(frames[name], captured_at=1e9 + n / 30.0, camera=name)
            answered, dropped, ends = [], 0, {"a": False, "b": False}
            async for event in tracker.events():
                assert event["type"] == "result"
                answered.append(event["views"])
                dropped += event["dropped_since_last"]
                ends[event["camera"]] = event["seq"] >= 2 * count - 2
                if all(ends.values()):
                    break
            counts = (await client.http.get(f"/v1/sessions/{tracker.session}")).json()
            await tracker.close()
            return answered, dropped, counts

    answered, dropped, counts = asyncio.run(run())
    assert len(answered) + dropped == 2 * count == counts["counters"]["received"]
    assert counts["counters"]["answered"] == len(answered)
    assert sum(counts["dropped"].values()) == dropped
    assert counts["cameras"] == ["a", "b"]
