"""Where the steps of the study keep what they make."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fluoropose.drr.case import Case
from fluoropose.evaluation.trials import Truth
from fluoropose.geometry.camera import Camera
from fluoropose.io.cases import load_case
from fluoropose.io.files import read_json
from fluoropose.io.poses import read_pose
from fluoropose.transports.http.schemas import CameraModel

__all__ = ["WristFolder"]


@dataclass(frozen=True, slots=True)
class WristFolder:
    """The folder `out` of the study; names of frames are "camera_frame"."""

    out: Path

    @property
    def volume(self) -> Path:
        """The radius as NIfTI."""
        return self.out / "radius.nii.gz"

    def camera_file(self, camera: str) -> Path:
        """Return the file of a camera as the API takes it."""
        return self.out / f"{camera}.json"

    def pixels_file(self, name: str) -> Path:
        """Return the file of a frame's pixels."""
        return self.out / f"{name}.npy"

    def pose_file(self, name: str) -> Path:
        """Return the file of the pose where the search ended, about which cases are prepared and starts are drawn."""
        return self.out / f"{name}_pose.json"

    def reference_file(self, name: str) -> Path:
        """Return the file of the pose that errors are counted from."""
        return self.out / f"{name}_reference.json"

    def case_folder(self, camera: str) -> Path:
        """Return the folder of a camera's case."""
        return self.out / "cases" / camera

    def model_folder(self, camera: str) -> Path:
        """Return the folder of a camera's model."""
        return self.out / "models" / camera

    def trials_folder(self, name: str) -> Path:
        """Return the folder of the trials on a frame."""
        return self.out / "trials" / name

    def load_case(self, camera: str) -> Case:
        """Return a camera's case."""
        return load_case(self.case_folder(camera))

    def load_camera(self, camera: str) -> Camera:
        """Return a camera."""
        return CameraModel.model_validate(read_json(self.camera_file(camera), "a camera")).value().camera

    def load_reference(self, name: str) -> Truth:
        """Return a frame with the pose that errors are counted from."""
        return Truth(np.load(self.pixels_file(name)), read_pose(self.reference_file(name)))

    def load_search_end(self, name: str) -> Truth:
        """Return a frame with the pose about which starts are drawn."""
        return Truth(np.load(self.pixels_file(name)), read_pose(self.pose_file(name)))
