"""In which order a recorded run is sent when it is shorter than what is to be sent."""

__all__ = ["alternate_directions"]


def alternate_directions(count: int, passes: int) -> list[int]:
    """Return the indices of `count` frames for `passes` passes, forward and backward in turn.

    Neighbours in the order are neighbours in the run, so that the motion has no jump where a pass ends.
    """
    forward = list(range(count))
    backward = forward[-2::-1] if count > 1 else forward
    order = list(forward)
    for number in range(1, passes):
        order += backward if number % 2 else forward[1:] or forward
    return order
