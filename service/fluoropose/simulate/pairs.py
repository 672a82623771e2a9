"""Two views of one instant: a rig of two cameras about an isocentre, and its frames. Lengths in mm, angles in degrees.

The world is the frame of a third camera, half-way between the two. They are turned to opposite sides of it about an
axis through the isocentre and parallel to its image plane: along the columns, as a C-arm turns about a patient's long
axis, or slanted, as from LAO cranial to RAO caudal. The isocentre is where the case expects the object. Both frames are
taken at the same moment; each camera has its own exposure and noise.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.simulate.motion import Motion
from fluoropose.simulate.run import Scene, simulate_frame_at

__all__ = ["SimulatedPair", "miscalibrate", "rig_places", "simulate_pairs"]

_FAR_AWAY = np.zeros((4, 4))
_FAR_AWAY[:2, 3] = 1e5
"""This, added to a pose, moves the object out of every picture."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedPair:
    """One instant: both cameras' frames, the same frames without the object, and the object's true world pose."""

    pixels: tuple[NDArray[Any], NDArray[Any]]
    empty: tuple[NDArray[Any], NDArray[Any]]
    world_from_volume: Mat44


def rig_places(angle_deg: float, isocenter_mm: float, slant_deg: float = 0.0) -> tuple[Mat44, Mat44]:
    """Return camera_from_world of both cameras, `angle_deg` apart, in the frame of the camera half-way between them.

    The axis that they are turned about is `slant_deg` degrees from the columns towards the rows.
    """
    iso = np.array([0.0, 0.0, isocenter_mm])
    axis = np.array([np.sin(np.deg2rad(slant_deg)), np.cos(np.deg2rad(slant_deg)), 0.0])
    turns = [from_rotation_vector(np.deg2rad(0.5 * sign * angle_deg) * axis) for sign in (-1.0, 1.0)]
    first, second = (rigid(turn, iso - turn @ iso) for turn in turns)
    return first, second


def miscalibrate(camera_from_world: Mat44, error: float, isocenter_mm: float, rng: np.random.Generator) -> Mat44:
    """Return a place that is off by `error` mm in a random direction and by `error` degrees about the isocentre."""
    iso = np.array([0.0, 0.0, isocenter_mm])
    ways = rng.normal(size=(2, 3))
    shift, axis = error * ways / np.linalg.norm(ways, axis=1, keepdims=True)
    turn = from_rotation_vector(np.deg2rad(axis))
    return camera_from_world @ rigid(turn, iso - turn @ iso + shift)


def simulate_pairs(
    scene: Scene,
    motion: Motion,
    anatomy_motion: Motion,
    places: tuple[Mat44, Mat44],
    count: int,
    seed: int,
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[SimulatedPair]:
    """Return pairs of frames, one second apart. Each frame has its own generator, so `workers` changes no pixel."""

    def simulate_one(index: int) -> SimulatedPair:
        truth, behind = _pose_at(scene, motion, index), _pose_at(scene, anatomy_motion, index)
        frames = [
            simulate_frame_at(scene, place @ pose, place @ behind, np.random.default_rng([seed, index, number, far]))
            for far, pose in enumerate((truth, truth + _FAR_AWAY))
            for number, place in enumerate(places)
        ]
        return SimulatedPair((frames[0], frames[1]), (frames[2], frames[3]), truth)

    with ThreadPoolExecutor(workers) as pool:
        made = []
        for pair in pool.map(simulate_one, range(count)):
            made.append(pair)
            progress(len(made), count)
    return made


def _pose_at(scene: Scene, motion: Motion, index: int) -> Mat44:
    six: Float64 = motion.evaluate(float(index))
    return pose_from_six(six, scene.frame)
