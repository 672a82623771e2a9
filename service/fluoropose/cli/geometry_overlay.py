"""The overlay of `geometry convert`: a frame with the object's outline where a pose and the written camera put it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError

__all__ = ["OverlayFiles", "draw_overlay"]


@dataclass(frozen=True, slots=True)
class OverlayFiles:
    """Where the picture goes, and what it needs: a case, its pose and a frame; how the frame's pixels are read.

    Raises
    ------
    InputError
        If one is given and another is not, or the picture is no PNG.
    """

    picture: Path | None
    case: Path | None
    pose: Path | None
    frame: Path | None
    meaning: str
    inverted: bool

    def __post_init__(self) -> None:
        """Check that all are given or none."""
        given = {"overlay": self.picture, "case": self.case, "pose": self.pose, "frame": self.frame}
        missing = [f"--{name}" for name, path in given.items() if path is None]
        if 0 < len(missing) < len(given):
            raise InputError(f"expected --overlay, --case, --pose and --frame together, got no {', '.join(missing)}")
        if self.picture is not None and self.picture.suffix != ".png":
            raise InputError(f"expected --overlay as .png, got {self.picture.name}")


def draw_overlay(files: OverlayFiles, geometry: dict[str, Any]) -> None:
    """Write the overlay, if one is asked for, with the camera that a geometry as written is read as.

    Of a file of several frames the middle one is taken.

    Raises
    ------
    InputError, FrameError
        If a file cannot be read, or the frame is not the camera's.
    """
    if files.picture is None or files.case is None or files.pose is None or files.frame is None:
        return
    from fluoropose.cli.parsing import parse_meaning
    from fluoropose.drr.atlas import default_step_mm
    from fluoropose.drr.cpu import CpuRenderer
    from fluoropose.drr.silhouette import object_outline
    from fluoropose.geometry.conversion.convert import read_geometry
    from fluoropose.imaging.xray import check_frame, line_integral_image
    from fluoropose.io.cases import load_case
    from fluoropose.io.files import write_file
    from fluoropose.io.overlays import outlined_picture, picture_png
    from fluoropose.io.poses import read_pose
    from fluoropose.io.run_frame import read_run_frame

    meaning, camera, pose = parse_meaning(files.meaning), read_geometry(geometry).camera, read_pose(files.pose)
    pixels = check_frame(read_run_frame(files.frame).pixels, camera)
    case = load_case(files.case)
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    lines = line_integral_image(pixels, meaning, 1, files.inverted)
    picture = picture_png(outlined_picture(lines, object_outline(renderer, camera, pose, case.corners_mm)))
    write_file(files.picture, lambda part: part.write_bytes(picture))
