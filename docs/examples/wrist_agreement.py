"""How well single-view answers of the wrist's two cameras agree with each other; no reference is asked.

Each camera's poses from the paper's starts (`wrist.py measure`) say where the bone is in the world. Those of one
instant should be one pose. The angle between their rotations, and the gap between the two cameras' rays through a
corner of the bone's box, which depth does not widen, tell how far they are from it.

    python docs/examples/wrist_agreement.py --data WRIST --out wrist
"""

import argparse
import json
from pathlib import Path

import numpy as np
from wrist import CAMERAS, FRAMES, read_mayacam

from fluoropose.evaluation.methods import METHODS
from fluoropose.evaluation.trial_files import RunFolder
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rig import ray_gap_mm
from fluoropose.geometry.rigid import inverse, transform
from fluoropose.geometry.rotation import angle_between
from fluoropose.io.cases import load_case


def world_poses(data: Path, out: Path, camera: str, frame: str, method: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the source's place in the world, mm, and world_from_volume of each trial from the paper's starts."""
    _, camera_from_world = read_mayacam(data / f"xr_calib_wrist_{camera}.txt")
    folder = out / "trials" / f"{camera}_{frame}"
    records = RunFolder(folder, json.loads((folder / "run.json").read_text())).records(method)
    pose_frame = load_case(out / "cases" / camera).pose_frame
    world_from_camera = inverse(camera_from_world)
    found = [world_from_camera @ pose_from_six(r.found_six, pose_frame) for r in records if r.job.spread == 1.0]
    return world_from_camera[:3, 3], found


def apart(sources: list[np.ndarray], poses: tuple[np.ndarray, np.ndarray], points: np.ndarray) -> tuple[float, float]:
    """Return the angle between two poses, degrees, and the mean gap between their sources' rays through points, mm."""
    turned = angle_between(poses[0][:3, :3], poses[1][:3, :3])
    seen = [transform(pose, points) for pose in poses]
    rays = [
        [(source, (x - source) / np.linalg.norm(x - source)) for x in places]
        for source, places in zip(sources, seen, strict=True)
    ]
    return float(np.rad2deg(turned)), float(np.mean([ray_gap_mm(*both) for both in zip(*rays, strict=True)]))


def agreement(data: Path, out: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Return the medians over trials by frame and method."""
    corners = load_case(out / "cases" / CAMERAS[0]).corners_mm
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for frame in FRAMES:
        for method in METHODS:
            views = [world_poses(data, out, camera, frame, method) for camera in CAMERAS]
            trials = min(len(poses) for _, poses in views)
            if trials == 0:
                continue
            sources = [source for source, _ in views]
            both = [apart(sources, pair, corners) for pair in zip(*(poses[:trials] for _, poses in views), strict=True)]
            turned, gap = np.median(both, axis=0)
            figures.setdefault(frame, {})[method] = {
                "trials": trials,
                "rotation_deg": float(turned),
                "ray_gap_mm": float(gap),
            }
    return figures


def main() -> None:
    """Print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the wrist data")
    parser.add_argument("--out", type=Path, required=True, help="folder of wrist.py")
    given = parser.parse_args()
    figures = agreement(given.data, given.out)
    (given.out / "agreement.json").write_text(json.dumps(figures, indent=1))
    for frame, methods in figures.items():
        for method, facts in methods.items():
            print(frame, method, {name: round(value, 2) for name, value in facts.items()})


if __name__ == "__main__":
    main()
