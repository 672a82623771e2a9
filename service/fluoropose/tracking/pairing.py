"""Which frames are of one instant. A frame never waits for its partner, the frame of another camera at that instant.

If both wait when a worker is free, they are registered together and both answered. If a frame's partner was registered
before the frame came, it is registered together with that partner, whose pixels are kept for this. Otherwise the frame
is registered alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fluoropose.tracking.jobs import CameraFrame, Job, ReceivedFrame

__all__ = ["PartnerBuffer", "select_instant"]

_ROUNDING_S = 1e-6
"""Unix times in seconds are no more exact than this in double precision."""


def select_instant(waiting: Iterable[ReceivedFrame], tolerance_s: float) -> list[ReceivedFrame]:
    """Return the frame that came first, and those of other cameras captured within the tolerance of it."""
    first, *others = sorted(waiting, key=lambda frame: frame.ticket)
    return [first, *(frame for frame in others if _is_near(first, frame, tolerance_s))]


def _is_near(one: ReceivedFrame, other: ReceivedFrame, tolerance_s: float) -> bool:
    return abs(one.moment_s - other.moment_s) <= tolerance_s + _ROUNDING_S


@dataclass(frozen=True, slots=True, eq=False)
class _KeptFrame:
    camera_frame: CameraFrame
    solved_with: frozenset[str]


class PartnerBuffer:
    """The last frame of each camera, kept for partners that come late. Two cameras' frames are paired only once."""

    def __init__(self) -> None:
        """Begin empty."""
        self._kept: dict[str, _KeptFrame] = {}

    def partners(self, frames: Sequence[ReceivedFrame], tolerance_s: float) -> list[CameraFrame]:
        """Return the kept frames of other cameras that are of one instant with the first of `frames`."""
        cameras = {frame.camera for frame in frames}
        return [
            kept.camera_frame
            for name, kept in self._kept.items()
            if name not in cameras
            and not cameras & kept.solved_with
            and _is_near(frames[0], kept.camera_frame.frame, tolerance_s)
        ]

    def keep(self, job: Job, decoded: Mapping[int, object]) -> None:
        """Keep a job's frames. `decoded` holds the payloads, by ticket, of those that could be used."""
        used = [
            camera_frame
            for camera_frame in job.camera_frames
            if camera_frame.kept or camera_frame.frame.ticket in decoded
        ]
        cameras = frozenset(camera_frame.frame.camera for camera_frame in used)
        for camera_frame in used:
            name, ticket = camera_frame.frame.camera, camera_frame.frame.ticket
            if not camera_frame.kept:
                frame = replace(camera_frame.frame, payload=decoded[ticket])
                self._kept[name] = _KeptFrame(CameraFrame(frame, camera_frame.placed, kept=True), cameras)
            elif name in self._kept:
                before = self._kept[name]
                self._kept[name] = replace(before, solved_with=before.solved_with | cameras)

    def forget(self) -> None:
        """Forget every frame."""
        self._kept.clear()
