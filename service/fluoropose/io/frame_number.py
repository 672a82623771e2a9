"""The number of a frame among several: the one asked for, or the middle one."""

from fluoropose.errors import FrameError

__all__ = ["chosen_frame"]


def chosen_frame(number: int | None, count: int) -> int:
    """Return `number`, from 0, or without one the middle of `count` frames; raise FrameError if there is no such."""
    chosen = count // 2 if number is None else number
    if not 0 <= chosen < count:
        raise FrameError(f"expected a frame number of 0 to {count - 1}, got {chosen}")
    return chosen
