"""Prepared scenarios in one world: a C-arm that moves round an object, and several objects that overlap in a frame.

Lengths in mm, angles in degrees. In a sweep the world's origin is the isocentre and its axes are LPS (`geometry.rig`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fluoropose.arrays import Float64, Mat44, Vec3
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six
from fluoropose.geometry.rig import c_arm_camera_from_world
from fluoropose.geometry.rigid import inverse, rigid, transform
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.objects.catalogue import ShippedObject
from fluoropose.simulate.anatomy import random_anatomy
from fluoropose.simulate.physics import Detector
from fluoropose.simulate.placed_frames import Body, PlacedFrame, Surroundings, World
from fluoropose.simulate.scenes import FINER_SHARE

__all__ = ["Drift", "overlapping_scene", "shipped_body", "simulate_sweep"]

_SPREAD = np.array([8.0, 8.0, 25.0, 8.0, 5.0, 5.0])
"""The largest offsets of an object from its expected view in the six parameters, in a sweep."""

_OVERLAP_SPREAD = np.array([6.0, 6.0, 20.0, 10.0, 12.0, 12.0])
"""The same for several objects that overlap."""

_BITS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """An object's steady motion: the velocity of its centre and its angular velocity, both along the world's axes."""

    centre_mm_per_s: Vec3
    turn_rad_per_s: Vec3

    def move(self, time_s: float, world_from_volume: Mat44, centre_mm: Vec3) -> Mat44:
        """Return world_from_volume after `time_s` of an object whose centre in the volume is `centre_mm`."""
        rotation = from_rotation_vector(self.turn_rad_per_s * time_s) @ world_from_volume[:3, :3]
        centre = transform(world_from_volume, centre_mm) + self.centre_mm_per_s * time_s
        return rigid(rotation, centre - rotation @ centre_mm)


def shipped_body(item: ShippedObject) -> Body:
    """Return a shipped object at a finer voxel than its atlas has."""
    step = FINER_SHARE * item.voxel_mm
    return Body(item.volume(step), step)


def simulate_sweep(
    item: ShippedObject,
    body: Body,
    frame: Pose6Frame,
    size_mm: float,
    angles_deg: Sequence[tuple[float, float]],
    fps: float,
    rng: np.random.Generator,
    *,
    drift: Drift | None = None,
    side_px: int = 512,
) -> tuple[World, list[PlacedFrame]]:
    """Return the frames of a C-arm that moves round an object in random anatomy.

    `angles_deg` are the C-arm's (primary, secondary) angles in each frame; equal angles mean a camera at rest. The
    object is off its expected view by random offsets up to `_SPREAD`, and still unless `drift` is given.
    """
    around = Surroundings(random_anatomy(rng, size_mm))
    level = c_arm_camera_from_world(0.0, 0.0, item.range_mm)
    expected = np.array([0.0, 0.0, item.range_mm, 0.0, 0.0, 0.0])
    six: Float64 = expected + rng.uniform(-1.0, 1.0, 6) * _SPREAD
    world_from_volume = inverse(level) @ pose_from_six(six, frame)
    anatomy = inverse(level) @ pose_from_six(expected, frame) @ rigid(np.eye(3), frame.centre_mm)
    anatomy = rigid(np.eye(3), rng.uniform(-5.0, 5.0, 3)) @ anatomy
    frames = []
    for index, (primary, secondary) in enumerate(angles_deg):
        time_s = index / fps
        placed = world_from_volume if drift is None else drift.move(time_s, world_from_volume, frame.centre_mm)
        camera_from_world = c_arm_camera_from_world(primary, secondary, item.range_mm)
        frames.append(PlacedFrame(time_s, camera_from_world, (placed,), anatomy))
    return World((body,), around, item.camera(side_px), _detector(side_px)), frames


def overlapping_scene(
    items: Sequence[ShippedObject],
    bodies: Sequence[Body],
    frames: Sequence[Pose6Frame],
    sizes_mm: Sequence[float],
    rng: np.random.Generator,
    side_px: int = 512,
) -> tuple[World, PlacedFrame]:
    """Return a frame of several objects that overlap, seen by the first one's C-arm; the world is the camera's frame.

    Across the beam, each object is nearer to one of those before it than half the sum of their sizes.
    """
    around = Surroundings(random_anatomy(rng, max(sizes_mm)))
    centres: list[Float64] = []
    poses = []
    for index, (item, frame) in enumerate(zip(items, frames, strict=True)):
        six = np.array([0.0, 0.0, item.range_mm, 0.0, 0.0, 0.0]) + rng.uniform(-1.0, 1.0, 6) * _OVERLAP_SPREAD
        if index:
            beside = int(rng.integers(index))
            angle = rng.uniform(0.0, 2.0 * np.pi)
            apart = rng.uniform(0.15, 0.45) * 0.5 * (sizes_mm[beside] + sizes_mm[index])
            six[:2] = centres[beside] + apart * np.array([np.cos(angle), np.sin(angle)])
        centres.append(six[:2])
        poses.append(pose_from_six(six, frame))
    anatomy = pose_from_six(np.array([0.0, 0.0, items[0].range_mm, 0.0, 0.0, 0.0]), frames[0])
    anatomy = anatomy @ rigid(np.eye(3), frames[0].centre_mm)
    world = World(tuple(bodies), around, items[0].camera(side_px), _detector(side_px))
    return world, PlacedFrame(0.0, np.eye(4), tuple(poses), anatomy)


def _detector(side_px: int) -> Detector:
    """Return a detector with the same blur and scatter in mm, and the same dose per area, for any number of pixels."""
    binned = 512.0 / side_px
    usual = Detector(bits=_BITS)
    return replace(
        usual,
        open_counts=usual.open_counts * binned**2,
        scatter_px=usual.scatter_px / binned,
        blur_px=usual.blur_px / binned,
    )
