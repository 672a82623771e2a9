"""Cameras of biplane X-ray video in MayaCam 2.0 files: blocks of size, intrinsics, rotation and translation (mm)."""

from pathlib import Path

import numpy as np

from fluoropose.errors import InputError
from fluoropose.geometry.camera import camera_from_intrinsics
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import rigid

__all__ = ["read_mayacam"]


def read_mayacam(path: Path) -> PlacedCamera:
    """Return a camera with its place: x_camera = R x_world + t, u = fx x / z + cx, v = fy y / z + cy.

    Raises
    ------
    InputError
        If the file cannot be read or has not these four blocks.
    """
    try:
        blocks = [block.split("\n")[1:] for block in _blocks(path.read_text(encoding="utf-8"))]
        size, matrix, rotation, shift = (np.array([[float(x) for x in row.split(",")] for row in b]) for b in blocks)
        columns, rows = (int(x) for x in size[0])
        camera = camera_from_intrinsics(rows, columns, matrix)
        return PlacedCamera(camera, rigid(rotation.reshape(3, 3), shift.reshape(3)))
    except (OSError, ValueError) as error:
        raise InputError(f"expected a MayaCam 2.0 file in {path.name}, got: {error}") from error


def _blocks(text: str) -> list[str]:
    """Return the blocks of a file, each a title and its rows; an empty line begins a block, and so does a title."""
    lines = [line.strip() for line in text.splitlines()]
    starts = [n for n, line in enumerate(lines) if line and line[0].isalpha()]
    ends = [*starts[1:], len(lines)]
    return ["\n".join(line for line in lines[a:b] if line) for a, b in zip(starts, ends, strict=True)]
