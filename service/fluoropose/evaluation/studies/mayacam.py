"""Cameras of biplane X-ray video from their MayaCam 2.0 files."""

from pathlib import Path

from fluoropose.errors import GeometryError, InputError
from fluoropose.geometry.conversion.mayacam import read_mayacam2
from fluoropose.geometry.rig import PlacedCamera

__all__ = ["read_mayacam"]


def read_mayacam(path: Path) -> PlacedCamera:
    """Return a camera with its place, or raise InputError if the file cannot be read or is another."""
    try:
        geometry = read_mayacam2({"text": path.read_text(encoding="utf-8")})
        return PlacedCamera(geometry.camera, geometry.require_place("mayacam2"))
    except (OSError, ValueError, GeometryError) as error:
        raise InputError(f"expected a MayaCam 2.0 file in {path.name}, got: {error}") from error
