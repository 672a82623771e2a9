"""Random objects to train on, for weights that fit any object: a network sees frame and views and needs no more.

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
"""A small atlas, so that a random object costs a second or two: more objects teach more than wider views of one.

Wrong angles up to 20 degrees occur in it. A case's own training teaches larger ones.
"""


def random_subject(rng: np.random.Generator, pictures: int = 120, grid: AtlasGrid = GENERIC_GRID) -> Subject:
    """Return a random object with an atlas about a random base view and a bank of so many pictures."""
    volume = random_object(rng)
    choice = ViewChoice(from_rotation_vector(2.0 * rng.normal(size=3)), rng.uniform(750.0, 1000.0), grid)
    case = prepare_case("generic", "generic", volume, choice)
    renderer = CpuRenderer(volume, 1.5 * default_step_mm(volume))
    return Subject(case.atlas, build_bank(renderer, case.atlas, pictures, rng), case.corners_mm)
