"""How a frame of the stress set is made: a pose, surroundings and a detector, by one of two renderers. mm, degrees.

`sampled` samples voxels along rays, before a flat panel (`simulate.sampled_rays`, `simulate.physics`). `surface`
follows rays from facet to facet of the object's surface, before an intensifier (`simulate.surface_rays`,
`simulate.glare_detector`). Neither shares code with the views that are registered.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44
from fluoropose.evaluation.trust.subjects import Subject
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import rigid
from fluoropose.simulate.anatomy import Anatomy, anatomy_lines, random_anatomy
from fluoropose.simulate.glare_detector import GlareDetector, expose_with_glare
from fluoropose.simulate.physics import METAL, Detector, expose
from fluoropose.simulate.run import object_lines
from fluoropose.simulate.surface_rays import surface_lines

__all__ = ["Draw", "RENDERERS", "Scenery", "draw_pose", "draw_scenery", "expose_lines", "picture", "render_lines"]

RENDERERS = ("sampled", "surface")

_ANATOMY_REACH = np.array([10.0, 6.0, 20.0, 4.0, 5.0, 5.0])


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """What one frame is made of: the object, the others there are, the renderer, its number and its generator."""

    subject: Subject
    others: tuple[Subject, ...]
    renderer: str
    number: int
    rng: np.random.Generator


@dataclass(frozen=True, slots=True, eq=False)
class Scenery:
    """What surrounds the object in all frames of a run, and what takes them."""

    anatomy: Anatomy
    camera_from_anatomy: Mat44
    renderer: str
    panel: Detector
    intensifier: GlareDetector


def draw_pose(draw: Draw, share: float = 1.0) -> Float64:
    """Return six parameters, mm and degrees, uniform within a share of the usual reach about the expected pose."""
    return _expected(draw.subject) + draw.rng.uniform(-1.0, 1.0, 6) * share * draw.subject.reach


def draw_scenery(draw: Draw) -> Scenery:
    """Return random anatomy and random detectors."""
    rng, subject = draw.rng, draw.subject
    anatomy = random_anatomy(rng, subject.size_mm)
    six = _expected(subject) + rng.uniform(-1.0, 1.0, 6) * _ANATOMY_REACH
    placed = pose_from_six(six, subject.case.pose_frame) @ rigid(np.eye(3), subject.case.pose_frame.centre_mm)
    panel = Detector(
        open_counts=float(np.exp(rng.uniform(np.log(2000.0), np.log(12000.0)))),
        scatter=float(rng.uniform(0.1, 0.4)),
        blur_px=float(rng.uniform(0.6, 1.1)),
        bits=int(rng.choice([10, 12, 14, 16])),
        materials=tuple(METAL),
    )
    intensifier = GlareDetector(
        counts=float(np.exp(rng.uniform(np.log(2000.0), np.log(8000.0)))),
        glare=float(rng.uniform(0.05, 0.2)),
        soft_px=float(rng.uniform(1.2, 2.0)),
        bits=int(rng.choice([8, 10, 12])),
    )
    return Scenery(anatomy, placed, draw.renderer, panel, intensifier)


def render_lines(subject: Subject, renderer: str, camera: Camera, camera_from_volume: Mat44) -> Float64:
    """Return the object's line integrals, (rows, columns), by one of `RENDERERS`."""
    if renderer == "surface":
        return surface_lines(subject.surfaces, camera, camera_from_volume)
    return object_lines(subject.volume, camera, camera_from_volume, subject.step_mm)


def expose_lines(
    scenery: Scenery, camera: Camera, object_lines_: Float64, rng: np.random.Generator, *, clipped: float | None = None
) -> NDArray[Any]:
    """Return the pixels of an object's line integrals in its surroundings.

    `clipped` is the exposure, over the usual one, at which the brightest pixels are cut off.
    """
    tissue, bone = anatomy_lines(scenery.anatomy, camera, scenery.camera_from_anatomy)
    more = 1.0 if clipped is None else clipped
    if scenery.renderer == "surface":
        detector = replace(scenery.intensifier, filled=scenery.intensifier.filled * more)
        return expose_with_glare(object_lines_, tissue, bone, detector, rng)
    return expose(object_lines_, tissue, bone, replace(scenery.panel, filled=scenery.panel.filled * more), rng)


def picture(draw: Draw, camera_from_volume: Mat44) -> NDArray[Any]:
    """Return a frame of the object at a pose in random surroundings."""
    scenery = draw_scenery(draw)
    lines = render_lines(draw.subject, draw.renderer, draw.subject.camera, camera_from_volume)
    return expose_lines(scenery, draw.subject.camera, lines, draw.rng)


def _expected(subject: Subject) -> Float64:
    return np.array([0.0, 0.0, subject.range_mm, 0.0, 0.0, 0.0])
