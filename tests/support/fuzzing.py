"""Mutated messages for a running server: frames and JSON over HTTP, WebSocket and gRPC messages, and what they do.

A fault is an answer that blames the server (500 and above, close code 1011, INTERNAL, UNKNOWN), none in time, or a
body that is no answer of ours. "overloaded" (503, RESOURCE_EXHAUSTED) is how a full server answers, and is counted.
"""

import base64
import io
import json
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field

import grpc
import httpx
import numpy as np
import websockets
from PIL import Image
from websockets.sync.client import connect

from fluoropose.client.grpc_channel import settings_message
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from support.wire import packed

__all__ = ["KINDS", "Fuzzer", "Tally", "with_right_sums"]

HANG_S = 2.0
"""How long an answer may take."""

_WAIT_S = 30.0
_TRACK, _REGISTER = "/fluoropose.v1.Registration/Track", "/fluoropose.v1.Registration/Register"


@dataclass
class Tally:
    """What was sent of a kind, how it was answered, how long the longest answer took."""

    kind: str
    sent: int = 0
    answers: Counter = field(default_factory=Counter)
    slowest_s: float = 0.0
    late: int = 0
    faults: list = field(default_factory=list)

    def note(self, answer, seconds, data, is_fault):
        """Count an answer; keep the message of one that is a fault."""
        self.sent += 1
        self.answers[answer] += 1
        self.slowest_s = max(self.slowest_s, seconds)
        self.late += seconds > HANG_S
        if is_fault and len(self.faults) < 20:
            self.faults.append({"answer": answer, "message": base64.b64encode(data[:20_000]).decode()})

    def as_dict(self):
        return {
            "kind": self.kind, "sent": self.sent, "answers": dict(self.answers.most_common()), "late": self.late,
            "slowest_s": round(self.slowest_s, 3), "faults": self.faults,
        }  # fmt: skip


class Fuzzer:
    """Sends mutated messages of a kind to a target until it is enough."""

    def __init__(self, target, mutate, rng):
        """`mutate` makes a changed message of (bytes, rng)."""
        self.target, self.mutate, self.rng = target, mutate, rng
        camera = target.opening["camera"]
        pixels = np.frombuffer(target.pixels, "<u2").reshape(camera["rows"], camera["columns"])
        self.npy, self.png = _saved(np.save, pixels), _saved(_save_png, pixels)

    def run(self, kind, enough):
        """Send until `enough(sent)`; return the tally."""
        tally = Tally(kind)
        {"websocket": self._websocket, "grpc": self._grpc}.get(kind, self._http)(kind, tally, enough)
        return tally

    def _changed(self, data):
        changed = self.mutate(data, self.rng)
        return with_right_sums(changed) if data is self.png and self.rng.random() < 0.7 else changed

    def _http(self, kind, tally, enough):
        media = {"npy": "application/x-npy", "png": "image/png", "json": "application/json"}[kind]
        session = self.target.open_session()
        sound = {"npy": [self.npy], "png": [self.png], "json": [json.dumps(one).encode() for one in self._bodies()]}
        paths = ["/v1/sessions", "/v1/register", "/v1/render"] if kind == "json" else [f"/v1/sessions/{session}/frames"]
        with httpx.Client(base_url=self.target.http, headers=self.target.headers, timeout=_WAIT_S) as client:
            while not enough(tally.sent):
                at = tally.sent % len(paths)
                data, began = self._changed(sound[kind][at % len(sound[kind])]), time.monotonic()
                try:
                    answer = client.post(paths[at], content=data, headers={"Content-Type": media})
                    word, body = _problem(answer)
                    fault = answer.status_code >= 500 and word != "503 overloaded"
                    if answer.status_code == 201:
                        client.delete(f"/v1/sessions/{body['session']}")
                except (httpx.HTTPError, ValueError) as error:
                    word, fault = type(error).__name__, True
                tally.note(word, time.monotonic() - began, data, fault)

    def _bodies(self):
        opening = self.target.opening
        pose = {"case": opening["case"], "camera": opening["camera"]}
        return (
            opening,
            opening | {"frame": base64.b64encode(self.npy).decode()},
            pose | {"camera_from_volume": opening["initial_pose"]},
        )

    def _websocket(self, kind, tally, enough):
        restart = {"type": "restart", "initial_pose": self.target.opening["initial_pose"]}
        texts = [json.dumps(one) for one in (_ping(1.0), restart)]
        sound = [packed(self.target.pixels, dtype="uint16", seq=1), packed(self.npy), *texts]
        address = self.target.http.replace("http", "ws", 1)
        while not enough(tally.sent):
            url = f"{address}/v1/sessions/{self.target.open_session()}/stream"
            with connect(
                url, subprotocols=["fluoropose.v1+json"], additional_headers=self.target.headers, compression=None
            ) as link:
                while not enough(tally.sent):
                    one = sound[tally.sent % len(sound)]
                    data = self._changed(one if isinstance(one, bytes) else one.encode())
                    message = data if isinstance(one, bytes) else data.decode(errors="replace")
                    if not self._exchange(link, message, data, tally):
                        break

    def _exchange(self, link, message, data, tally):
        """Send one message and a ping; tell whether the stream goes on."""
        began = time.monotonic()
        mark = float(tally.sent + 1)
        try:
            link.send(message)
            link.send(json.dumps(_ping(mark)))
            word = "nothing"
            while True:
                got = json.loads(link.recv(timeout=_WAIT_S))
                if got["type"] == "pong" and got.get("client_time") == mark:
                    tally.note(word, time.monotonic() - began, data, word == "error internal")
                    return True
                if got["type"] != "pong":
                    word = f"{got['type']} {got.get('code', '')}".strip()
        except websockets.ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
            tally.note(f"close {code}", time.monotonic() - began, data, code in (None, 1006, 1011))
        except (TimeoutError, ValueError) as error:
            tally.note(type(error).__name__, time.monotonic() - began, data, True)
        return False

    def _grpc(self, kind, tally, enough):
        settings = settings_message(self.target.opening)
        frame = pb.Frame(data=self.target.pixels, dtype="uint16", seq=1)
        hello, ping = pb.ClientMessage(hello=pb.Hello(settings=settings)), pb.ClientMessage(ping=pb.Ping(client_time=1))
        sound = [hello, pb.ClientMessage(frame=frame), pb.ClientMessage(restart=pb.Restart(include=pb.Include()))]
        register = pb.RegisterRequest(settings=settings, frame=frame).SerializeToString()
        hello, ping, *sound = (one.SerializeToString() for one in (hello, ping, *sound))
        metadata = [(name.lower(), value) for name, value in self.target.headers.items()]
        with grpc.insecure_channel(self.target.grpc, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            track, once = channel.stream_stream(_TRACK), channel.unary_unary(_REGISTER)
            while not enough(tally.sent):
                at, began = tally.sent % 4, time.monotonic()
                data = self._changed(register if at == 3 else sound[at])
                word = "answered"
                try:
                    if at == 3:
                        once(data, timeout=_WAIT_S, metadata=metadata)
                    else:
                        messages = [data, ping] if at == 0 else [hello, data, ping]
                        for got in track(iter(messages), timeout=_WAIT_S, metadata=metadata):
                            problem = pb.ServerMessage.FromString(got).problem.code
                            word = f"problem {problem}" if problem else word
                except grpc.RpcError as error:
                    word = error.code().name
                fault = word in ("INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED", "UNAVAILABLE", "problem internal")
                tally.note(word, time.monotonic() - began, data, fault)


KINDS = ("npy", "png", "json", "websocket", "grpc")


def _ping(mark):
    return {"type": "ping", "time": mark}


def _save_png(stream, pixels):
    Image.fromarray(pixels).save(stream, "PNG")


def with_right_sums(data):
    """Return a PNG whose chunks' checksums are right, so far as it has chunks: a reader then looks at what they hold."""
    made, at = bytearray(data), 8
    while at + 12 <= len(made):
        end = at + 8 + int.from_bytes(made[at : at + 4], "big")
        if end + 4 > len(made):
            break
        made[end : end + 4] = zlib.crc32(made[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(made)


def _saved(save, pixels):
    stream = io.BytesIO()
    save(stream, pixels)
    return stream.getvalue()


def _problem(answer):
    """Return an answer as a word, and its JSON if it has any; a refusal that is no problem of ours is a ValueError."""
    kind = answer.headers.get("content-type", "")
    if answer.status_code < 400:
        return f"{answer.status_code}", answer.json() if kind.startswith("application/json") else {}
    body = answer.json()
    return f"{answer.status_code} {body['code']}", body
