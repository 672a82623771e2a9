"""Simulated frames of objects and cameras that are placed in one world: several objects, or a C-arm that moves.

The objects' line integrals are added before the detector's physics, because their attenuation adds. Lengths in mm,
times in s. Like the rest of this package, this module shares no code with training or the fast renderer.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.volume import Volume
from fluoropose.simulate.anatomy import Anatomy, anatomy_lines
from fluoropose.simulate.physics import Detector, expose
from fluoropose.simulate.run import object_lines

__all__ = ["Body", "PlacedFrame", "Surroundings", "World", "simulate_placed_frame", "simulate_placed_run"]


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """An object: its attenuation in 1/mm, at a finer voxel than its atlas has, and the sampling step along rays."""

    volume: Volume
    step_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What else is in the picture: random anatomy, or the rest of a CT."""

    anatomy: Anatomy | None = None
    rest: Body | None = None


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A scene of several objects: the bodies, what surrounds them, the camera and its detector."""

    bodies: tuple[Body, ...]
    surroundings: Surroundings
    camera: Camera
    detector: Detector


@dataclass(frozen=True, slots=True, eq=False)
class PlacedFrame:
    """Where the camera, each body and the anatomy are in one frame, taken at `time_s`.

    `world_from_anatomy` places the anatomy's own frame. The rest of a CT has the pose of the first body.
    """

    time_s: float
    camera_from_world: Mat44
    world_from_volumes: tuple[Mat44, ...]
    world_from_anatomy: Mat44

    def camera_from_volume(self, index: int = 0) -> Mat44:
        """Return camera_from_volume of the body with this index."""
        return self.camera_from_world @ self.world_from_volumes[index]


def simulate_placed_frame(world: World, at: PlacedFrame, rng: np.random.Generator) -> NDArray[Any]:
    """Return the pixels, (rows, columns), of one frame."""
    lines: Float64 = np.zeros((world.camera.rows, world.camera.columns))
    for index, body in enumerate(world.bodies):
        lines += object_lines(body.volume, world.camera, at.camera_from_volume(index), body.step_mm)
    tissue, bone = np.zeros_like(lines), np.zeros_like(lines)
    around = world.surroundings
    if around.anatomy is not None:
        tissue, bone = anatomy_lines(around.anatomy, world.camera, at.camera_from_world @ at.world_from_anatomy)
    if around.rest is not None:
        tissue = tissue + object_lines(around.rest.volume, world.camera, at.camera_from_volume(), around.rest.step_mm)
    return expose(lines, tissue, bone, world.detector, rng)


def simulate_placed_run(
    world: World,
    frames: Sequence[PlacedFrame],
    seed: int,
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[NDArray[Any]]:
    """Return the pixels of each frame. Each frame has its own generator, so `workers` changes no pixel."""
    with ThreadPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(simulate_placed_frame, world, at, np.random.default_rng([seed, index]))
            for index, at in enumerate(frames)
        ]
        made = []
        for job in jobs:
            made.append(job.result())
            progress(len(made), len(frames))
    return made
