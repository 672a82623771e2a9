"""Poses in JSON files: the 4x4 itself, or an object that holds it under its name. Lengths in mm."""

from pathlib import Path
from typing import Any

from fluoropose.arrays import Mat44
from fluoropose.geometry.rigid import check_rigid
from fluoropose.io.files import read_json

__all__ = ["read_pose", "read_world_pose"]


def read_pose(path: Path) -> Mat44:
    """Return camera_from_volume in a JSON file: the 4x4 itself or {"camera_from_volume": ...}.

    Raises
    ------
    InputError
        If the file holds no rigid transform.
    """
    return _read(path, "camera_from_volume")


def read_world_pose(path: Path) -> Mat44:
    """Return world_from_volume in a JSON file: the 4x4 itself or {"world_from_volume": ...}.

    Raises
    ------
    InputError
        If the file holds no rigid transform.
    """
    return _read(path, "world_from_volume")


def _read(path: Path, name: str) -> Mat44:
    value: Any = read_json(path, "a pose")
    return check_rigid(value.get(name) if isinstance(value, dict) else value, name)
