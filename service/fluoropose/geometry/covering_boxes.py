"""Few boxes that cover all marked pixels of a picture."""

import numpy as np

from fluoropose.arrays import Bool

__all__ = ["covering_boxes"]


def covering_boxes(marked: Bool, most: int) -> list[list[int]]:
    """Return at most `most` boxes, each first column, first row, last column, last row, that cover all marked pixels.

    Where the boxes of single pixels would be too many, squares of 2, 4, 8, ... pixels are marked that hold one: beside
    the marked pixels so much is covered at their border.
    """
    rows, columns = marked.shape
    side = 1
    while True:
        tall, wide = -(-rows // side), -(-columns // side)
        padded = np.zeros((tall * side, wide * side), bool)
        padded[:rows, :columns] = marked
        squares = np.asarray(padded.reshape(tall, side, wide, side).any(axis=(1, 3)))
        boxes = _boxes(squares, most)
        if boxes is not None:
            return [
                [left * side, top * side, min((right + 1) * side, columns) - 1, min((low + 1) * side, rows) - 1]
                for left, top, right, low in boxes
            ]
        side *= 2


def _boxes(marked: Bool, most: int) -> list[list[int]] | None:
    """Return the boxes of equal runs in rows below each other; None if they are more than `most`."""
    done: list[list[int]] = []
    begun: dict[tuple[int, int], int] = {}
    edged = np.pad(marked.astype(np.int8), ((0, 1), (1, 1)))
    for row, steps in enumerate(np.diff(edged, axis=1)):
        starts, ends = np.flatnonzero(steps == 1).tolist(), (np.flatnonzero(steps == -1) - 1).tolist()
        runs = set(zip(starts, ends, strict=True))
        for run in [one for one in begun if one not in runs]:
            done.append([run[0], begun.pop(run), run[1], row - 1])
        for run in runs - begun.keys():
            begun[run] = row
        if len(done) + len(begun) > most:
            return None
    return sorted(done)
