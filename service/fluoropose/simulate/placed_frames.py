"""Frames of objects and cameras that stand in one world: several objects before one detector, C-arms that go round.

Line integrals of the objects add up before the detector's physics, as matter does. Lengths in mm, times in s, angles in
degrees. Like the rest of this package it shares nothing with training or the fast renderer.
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
    """An object: attenuation in 1/mm at a finer voxel than its atlas has, and the step along rays."""

    volume: Volume
    step_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """Anatomy, or the rest of a CT, that is in the picture too."""

    anatomy: Anatomy | None = None
    rest: Body | None = None


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What stands before the detector: the bodies, what surrounds them, the camera and its detector."""

    bodies: tuple[Body, ...]
    surroundings: Surroundings
    camera: Camera
    detector: Detector


@dataclass(frozen=True, slots=True, eq=False)
class PlacedFrame:
    """One frame to be made, or made: where the camera, each body and the surroundings are at `time_s`.

    `world_from_anatomy` places the anatomy's own frame; the rest of a CT goes where its first body goes.
    """

    time_s: float
    camera_from_world: Mat44
    world_from_volumes: tuple[Mat44, ...]
    world_from_anatomy: Mat44

    def camera_from_volume(self, index: int = 0) -> Mat44:
        """Return where the camera sees a body."""
        return self.camera_from_world @ self.world_from_volumes[index]


def simulate_placed_frame(world: World, at: PlacedFrame, rng: np.random.Generator) -> NDArray[Any]:
    """Return the pixels of one frame."""
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
    """Return the pixels of each frame; each has its own generator, so they do not depend on `workers`."""
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
