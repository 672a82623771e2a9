"""What came of a frame on a lane, on its way from the lane's thread to the event loop."""

import logging
from concurrent.futures import Future
from dataclasses import dataclass

from fluoropose.errors import DeviceError, FluoroposeError
from fluoropose.runtime.engine import Registration
from fluoropose.tracking.session import Dropped, Job, Session

__all__ = ["Done", "Drops", "refusal", "report"]

Drops = list[tuple[Session, Dropped]]

_log = logging.getLogger("fluoropose.frames")


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A frame that left the device: `outcome` is its result or what went wrong.

    `lost` says that its track began to search with it, `drops` what its session dropped for it, `stale` which frames
    had grown too old when the lane took its next.
    """

    session: Session
    job: Job
    outcome: Registration | Exception
    lost: bool
    drops: Drops
    stale: Drops


def refusal(error: Exception) -> tuple[FluoroposeError, str]:
    """Return the error that the client is told of a frame's failure, and the reason that it is counted for."""
    if isinstance(error, DeviceError):
        return error, "failed"
    if isinstance(error, FluoroposeError):
        return error, "invalid"
    return FluoroposeError("an unexpected fault; the log holds the reason"), "failed"


def report(driven: "Future[None]") -> None:
    """Log what ended a lane's thread early; a frame's own failure does not."""
    if driven.exception() is not None:
        _log.critical("a lane broke", exc_info=driven.exception())
