"""Subjects that nobody drew, for weights that fit any object: regressors see frame and views, and need not know it.

Angles in degrees, lengths in mm.
"""

import numpy as np

from fluoropose.drr.atlas import AtlasGrid, default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import ViewChoice, prepare_case
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.objects.random_objects import random_object
from fluoropose.train.fit import Subject
from fluoropose.train.synthesis import build_bank

__all__ = ["GENERIC_GRID", "random_subject"]

GENERIC_GRID = AtlasGrid(10.0, 2.0)
"""A small atlas: a random object costs a second or two, and the next one teaches more than a wider view of this one.

Wrong angles reach 20 degrees in it; what lies beyond, a case's own training teaches.
"""


def random_subject(rng: np.random.Generator, pictures: int = 120) -> Subject:
    """Return a random object, seen from about a random side."""
    volume = random_object(rng)
    choice = ViewChoice(from_rotation_vector(2.0 * rng.normal(size=3)), rng.uniform(750.0, 1000.0), GENERIC_GRID)
    case = prepare_case("generic", "generic", volume, choice)
    renderer = CpuRenderer(volume, 1.5 * default_step_mm(volume))
    return Subject(case.atlas, build_bank(renderer, case.atlas, pictures, rng), case.corners_mm)
