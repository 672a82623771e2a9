"""What comes over a WebSocket is counted before it is parsed: fragments, pings and messages cost more than their bytes.

The headers of frames are those of RFC 6455, 5.2; payloads are skipped, so that an honest client's frame, a header of
ten bytes before megabytes, costs nothing.
"""

from dataclasses import dataclass, field

__all__ = ["MeterLimits", "PolicyError", "WebSocketMeter"]

_CONTROL_OPCODES = (0x8, 0x9, 0xA)


class PolicyError(Exception):
    """The client breaks a limit; the text says which."""


@dataclass(frozen=True, slots=True)
class MeterLimits:
    """At most so many at once, and so many more per second."""

    controls: int = 32
    controls_per_s: float = 8.0
    messages: int = 1024
    messages_per_s: float = 1000.0
    fragments: int = 4096
    empty_fragments: int = 16


@dataclass(slots=True)
class _Bucket:
    left: float
    most: float
    per_s: float
    at_s: float

    def take(self, now_s: float) -> bool:
        self.left = min(self.most, self.left + (now_s - self.at_s) * self.per_s)
        self.at_s = now_s
        self.left -= 1.0
        return self.left >= 0.0


@dataclass(slots=True)
class WebSocketMeter:
    """Follows one client's frames.

    `message_bytes` is what has come of a message that is not finished, `began_s` when that began, 0 while there is
    none.
    """

    limits: MeterLimits = MeterLimits()
    message_bytes: int = 0
    began_s: float = 0.0
    _head: bytearray = field(default_factory=bytearray)
    _payload_left: int = 0
    _finishes: bool = True
    _control: bool = False
    _fragments: int = 0
    _empty: int = 0
    _controls: _Bucket | None = None
    _messages: _Bucket | None = None

    def feed(self, data: bytes, now_s: float) -> None:
        """Count the frames in the next bytes, or raise PolicyError."""
        at, end = 0, len(data)
        while at < end or self._head:
            if self._payload_left:
                taken = min(self._payload_left, end - at)
                at += taken
                self._payload_left -= taken
                self.message_bytes += 0 if self._control else taken
                if self._payload_left:
                    return
                self._end_frame()
                continue
            missing = _missing(self._head)
            if missing:
                part = data[at : at + missing]
                at += len(part)
                self._head += part
                if len(part) < missing or _missing(self._head):
                    if at >= end:
                        return
                    continue
            self._begin_frame(now_s)

    def _begin_frame(self, now_s: float) -> None:
        head, self._head = self._head, bytearray()
        opcode, length = head[0] & 0x0F, head[1] & 0x7F
        if length == 126:
            length = int.from_bytes(head[2:4], "big")
        elif length == 127:
            length = int.from_bytes(head[2:10], "big")
        self._payload_left, self._control = length, opcode in _CONTROL_OPCODES
        if self._control:
            self._count_control(now_s)
        else:
            self._finishes = bool(head[0] & 0x80)
            self._count_fragment(length, now_s)
        if not length:
            self._end_frame()

    def _end_frame(self) -> None:
        if self._finishes and not self._control:
            self.message_bytes, self.began_s, self._fragments, self._empty = 0, 0.0, 0, 0

    def _count_control(self, now_s: float) -> None:
        limits = self.limits
        if self._controls is None:
            self._controls = _Bucket(limits.controls, limits.controls, limits.controls_per_s, now_s)
        if not self._controls.take(now_s):
            raise PolicyError(f"expected at most {limits.controls_per_s:g} pings per second, got more")

    def _count_fragment(self, length: int, now_s: float) -> None:
        limits = self.limits
        if self._fragments == 0:
            self.began_s = now_s
            if self._messages is None:
                self._messages = _Bucket(limits.messages, limits.messages, limits.messages_per_s, now_s)
            if not self._messages.take(now_s):
                raise PolicyError(f"expected at most {limits.messages_per_s:g} messages per second, got more")
        self._fragments += 1
        self._empty += length == 0 and not (self._finishes and self._fragments == 1)
        if self._empty > limits.empty_fragments:
            raise PolicyError(f"expected at most {limits.empty_fragments} empty fragments of a message, got more")
        if self._fragments > limits.fragments:
            raise PolicyError(f"expected at most {limits.fragments} fragments of a message, got more")


def _missing(head: bytearray) -> int:
    """Return how many more bytes of a frame's header must come."""
    if len(head) < 2:
        return 2 - len(head)
    length = head[1] & 0x7F
    whole = 2 + {126: 2, 127: 8}.get(length, 0) + (4 if head[1] & 0x80 else 0)
    return whole - len(head)
