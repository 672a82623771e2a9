"""What the recordings give: two cameras, their frames, two components, and poses to start from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError
from fluoropose.evaluation.studies.mayacam import read_mayacam
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.mesh import Mesh
from fluoropose.io.files import read_json
from fluoropose.io.frames import read_frame_file
from fluoropose.io.meshes import read_mesh

__all__ = ["BIPLANE", "CAMERAS", "MATERIALS_OF", "RUN", "Recording", "pose_between"]

BIPLANE, RUN = "knee_implant_biplane", "knee_implant_run"
"""Folders of the data: calibrated pairs, every fifth of a motion, and forty consecutive ones of the same."""

CAMERAS = ("cam1", "cam2")

MATERIALS_OF = {"femoral": "cobalt-chrome", "tibial": "titanium"}
"""What such components are usually made of; the data do not say it."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One folder of a recording; `data` is the folder of all data."""

    data: Path
    name: str

    @property
    def folder(self) -> Path:
        """The folder of the recording."""
        return self.data / self.name

    @property
    def numbers(self) -> list[int]:
        """The numbers of the frames that both cameras have, ascending.

        Raises
        ------
        InputError
            If there are none.
        """
        seen = [{int(p.stem.removeprefix("frame_")) for p in (self.folder / c).glob("frame_*.png")} for c in CAMERAS]
        numbers = sorted(set.intersection(*seen))
        if not numbers:
            raise InputError(f"expected frames of both cameras in {self.folder}, got none")
        return numbers

    def cameras(self) -> list[PlacedCamera]:
        """Return both cameras with their places."""
        return [read_mayacam(self.folder / f"calibration_{name}_mayacam.txt") for name in CAMERAS]

    def frames(self, number: int) -> list[NDArray[Any]]:
        """Return the pixels of both cameras at one instant, (rows, columns) each."""
        return [read_frame_file(self.folder / name / f"frame_{number:03d}.png") for name in CAMERAS]

    def mesh_path(self, component: str) -> Path:
        """Return the file of a component's surface."""
        return self.data / BIPLANE / f"{component}.stl"

    def mesh(self, component: str) -> Mesh:
        """Return a component's surface."""
        return read_mesh(self.mesh_path(component))[0]

    def starts(self, component: str) -> dict[int, Mat44]:
        """Return world_from_object of a component's published or fitted poses by frame."""
        file = "poses_published.json" if component == "femoral" else "tibial_fitted_to_masks.json"
        place = self.folder if component == "femoral" else self.data / BIPLANE
        poses: dict[str, Any] = read_json(place / file, "poses")[f"world_from_{component}"]
        return {int(number): np.array(pose) for number, pose in poses.items()}


def pose_between(poses: dict[int, Mat44], number: int) -> Mat44:
    """Return the pose of the frame that is nearest to a number: where a refinement begins."""
    return poses[min(poses, key=lambda n: (abs(n - number), n))]
