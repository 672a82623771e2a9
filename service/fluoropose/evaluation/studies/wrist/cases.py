"""Step `prepare`: a case and a training per camera, the base view that of the first frame."""

from pathlib import Path

import numpy as np

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.studies.wrist.folder import WristFolder
from fluoropose.evaluation.studies.wrist.recording import CAMERAS, FRAMES
from fluoropose.evaluation.trained_bundle import train_bundle
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.volume import bounding_corners
from fluoropose.io.poses import read_pose
from fluoropose.io.preparation import CaseRequest, choose_view, prepare_ct
from fluoropose.io.volumes import read_volume

__all__ = ["prepare_cases"]


def prepare_cases(out: Path, profile: str, environment: Environment) -> None:
    """Prepare and train a case per camera."""
    folder = WristFolder(out)
    centre_mm = bounding_corners(read_volume(folder.volume)).mean(axis=0)
    for camera in CAMERAS:
        start = folder.pose_file(f"{camera}_{FRAMES[0]}")
        distance_mm = float(np.linalg.norm(transform(read_pose(start), centre_mm)))
        choice = choose_view(str(start), distance_mm, AtlasGrid())
        request = CaseRequest(folder.volume, choice, attenuation=True)
        with environment.progress(f"{camera}: rendering atlas") as report:
            case = prepare_ct(request, folder.case_folder(camera), replace=True, progress=report)
        train_bundle(case, folder.model_folder(camera), profile, 0, environment)
