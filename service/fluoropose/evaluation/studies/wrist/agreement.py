"""How well single-view answers of the two cameras agree with each other; no reference is asked.

Each camera's poses from the paper's starts (step `measure`) say where the bone is in the world. Those of one instant
should be one pose. The angle between their rotations, and the gap between the two cameras' rays through a corner of the
bone's box, which depth does not widen, tell how far they are from it.
"""

from pathlib import Path

import numpy as np

from fluoropose.arrays import Mat44, Points, Vec3
from fluoropose.evaluation.methods.table import METHODS
from fluoropose.evaluation.studies.wrist.folder import WristFolder
from fluoropose.evaluation.studies.wrist.recording import CAMERAS, FRAMES, read_placed_camera
from fluoropose.evaluation.trial_files import RunFolder
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rig import ray_gap_mm
from fluoropose.geometry.rigid import inverse, transform
from fluoropose.geometry.rotation import angle_between
from fluoropose.io.files import read_json, write_json

__all__ = ["measure_agreement", "pose_disagreement"]

Figures = dict[str, dict[str, dict[str, float]]]
"""Medians over trials by frame and method."""


def measure_agreement(data: Path, out: Path) -> Figures:
    """Return the medians over trials by frame and method, and keep them in the study's folder."""
    folder = WristFolder(out)
    corners_mm = folder.load_case(CAMERAS[0]).corners_mm
    figures: Figures = {}
    for frame in FRAMES:
        for method in METHODS:
            views = [_world_poses(data, folder, camera, frame, method) for camera in CAMERAS]
            trials = min(len(poses) for _, poses in views)
            if trials == 0:
                continue
            sources = [source for source, _ in views]
            pairs = zip(*(poses[:trials] for _, poses in views), strict=True)
            turns, gaps = zip(*(pose_disagreement(sources, pair, corners_mm) for pair in pairs), strict=True)
            figures.setdefault(frame, {})[method] = {
                "trials": trials,
                "rotation_deg": float(np.median(turns)),
                "ray_gap_mm": float(np.median(gaps)),
            }
    write_json(out / "agreement.json", figures)
    return figures


def pose_disagreement(sources: list[Vec3], poses: tuple[Mat44, ...], points_mm: Points) -> tuple[float, float]:
    """Return the angle between two poses, degrees, and the mean gap between their sources' rays through points, mm.

    `sources` are the two cameras' sources in the world, mm; `poses` are world_from_volume as each camera found it.
    """
    turn = angle_between(poses[0][:3, :3], poses[1][:3, :3])
    seen = [transform(pose, points_mm) for pose in poses]
    rays = [
        [(source, (x - source) / np.linalg.norm(x - source)) for x in places]
        for source, places in zip(sources, seen, strict=True)
    ]
    return float(np.rad2deg(turn)), float(np.mean([ray_gap_mm(*both) for both in zip(*rays, strict=True)]))


def _world_poses(data: Path, folder: WristFolder, camera: str, frame: str, method: str) -> tuple[Vec3, list[Mat44]]:
    """Return the source's place in the world, mm, and world_from_volume of each trial from the paper's starts."""
    world_from_camera = inverse(read_placed_camera(data, camera).camera_from_world)
    place = folder.trials_folder(f"{camera}_{frame}")
    records = RunFolder(place, read_json(place / "run.json", "an evaluation")).records(method)
    pose_frame = folder.load_case(camera).pose_frame
    found: list[Mat44] = [
        world_from_camera @ pose_from_six(r.found_six, pose_frame) for r in records if r.key.spread == 1.0
    ]
    return world_from_camera[:3, 3], found
