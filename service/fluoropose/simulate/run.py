"""A simulated fluoroscopy run of one object, with the true pose of every frame. Lengths in mm, times in s."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44, Points
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.imaging.volume import Volume, bounding_corners
from fluoropose.simulate.anatomy import Anatomy, anatomy_lines
from fluoropose.simulate.motion import Motion
from fluoropose.simulate.physics import Detector, expose
from fluoropose.simulate.sampled_rays import sample_lines

__all__ = ["Scene", "SimulatedFrame", "object_lines", "simulate_frame", "simulate_frame_at", "simulate_run"]

_ROI_MARGIN_PX = 4


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One object with its surroundings, camera and detector.

    Attributes
    ----------
    volume : the object's attenuation in 1/mm, at a finer voxel than its atlas has
    frame : the reference of the six parameters
    anatomy : random anatomy around the object, or None
    step_mm : the sampling step along rays
    rest : the rest of the CT that the object was cut out of, or None; it moves as anatomy does
    """

    volume: Volume
    frame: Pose6Frame
    camera: Camera
    detector: Detector
    anatomy: Anatomy | None
    step_mm: float
    rest: Volume | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedFrame:
    """One frame with its capture time and the object's true `camera_from_volume`."""

    index: int
    time_s: float
    pixels: NDArray[Any]
    camera_from_volume: Mat44


def object_lines(volume: Volume, camera: Camera, camera_from_volume: Mat44, step_mm: float) -> Float64:
    """Return the object's line integrals, (rows, columns), rendered where the object's box appears."""
    corners: Points = transform(camera_from_volume, bounding_corners(volume))
    pixels = project(camera, corners)
    low = np.maximum(np.floor(pixels.min(axis=0)).astype(int) - _ROI_MARGIN_PX, 0)
    high = np.ceil(pixels.max(axis=0)).astype(int) + _ROI_MARGIN_PX + 1
    high = np.minimum(high, [camera.columns, camera.rows])
    lines = np.zeros((camera.rows, camera.columns))
    if (high - low < 2).any():
        return lines
    part = camera.crop(low, high)
    lines[low[1] : high[1], low[0] : high[0]] = sample_lines(volume, part, camera_from_volume, step_mm)
    return lines


def simulate_frame(scene: Scene, six: Float64, anatomy_six: Float64, rng: np.random.Generator) -> NDArray[Any]:
    """Return the pixels, (rows, columns), with the object and the anatomy each at its own six parameters."""
    return simulate_frame_at(scene, pose_from_six(six, scene.frame), pose_from_six(anatomy_six, scene.frame), rng)


def simulate_frame_at(scene: Scene, camera_from_volume: Mat44, behind: Mat44, rng: np.random.Generator) -> NDArray[Any]:
    """Return the pixels, (rows, columns), with the object at one pose and the anatomy at the pose `behind`."""
    lines = object_lines(scene.volume, scene.camera, camera_from_volume, scene.step_mm)
    tissue, bone = np.zeros_like(lines), np.zeros_like(lines)
    if scene.anatomy is not None:
        centred = behind @ rigid(np.eye(3), scene.frame.centre_mm)
        tissue, bone = anatomy_lines(scene.anatomy, scene.camera, centred)
    if scene.rest is not None:
        tissue = tissue + object_lines(scene.rest, scene.camera, behind, 2.0 * scene.step_mm)
    return expose(lines, tissue, bone, scene.detector, rng)


def simulate_run(
    scene: Scene,
    motion: Motion,
    anatomy_motion: Motion,
    frames: int,
    fps: float,
    seed: int,
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[SimulatedFrame]:
    """Return a run of frames. Each frame has its own generator, so `workers` changes no pixel."""

    def simulate_one(index: int) -> SimulatedFrame:
        time_s = index / fps
        rng = np.random.default_rng([seed, index])
        six = motion.evaluate(time_s)
        pixels = simulate_frame(scene, six, anatomy_motion.evaluate(time_s), rng)
        return SimulatedFrame(index, time_s, pixels, pose_from_six(six, scene.frame))

    with ThreadPoolExecutor(workers) as pool:
        results: Iterator[SimulatedFrame] = pool.map(simulate_one, range(frames))
        made = []
        for frame in results:
            made.append(frame)
            progress(len(made), frames)
    return made
