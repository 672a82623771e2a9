"""One object found in one instant: the way of a frame is `pipeline`."""
