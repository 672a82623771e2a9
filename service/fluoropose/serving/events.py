"""What a stream gives its client: results and these events."""

from dataclasses import dataclass

from fluoropose.arrays import Mat44
from fluoropose.errors import FluoroposeError
from fluoropose.serving.messages import FrameResult

__all__ = ["Event", "FrameProblem", "GoingAway", "Pong", "StreamEnd"]


@dataclass(frozen=True, slots=True)
class FrameProblem:
    """A frame that cannot be answered, and the reason."""

    seq: int | None
    error: FluoroposeError


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping: the client's time as it came, the server's Unix time in s."""

    client_time: float
    server_time: float


@dataclass(frozen=True, slots=True, eq=False)
class GoingAway:
    """The service stops: open a session elsewhere after `reconnect_after_ms`, beginning at `last_pose`."""

    reconnect_after_ms: int
    last_pose: Mat44 | None


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The last event: "closed", "expired", "taken-over", "going-away" or "revoked"."""

    reason: str


Event = FrameResult | FrameProblem | GoingAway | Pong | StreamEnd
