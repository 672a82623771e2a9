"""Universal regressors: networks for any object, alone or in a body, taught a stream of random objects.

Nothing of a case is in them: they see the frame beside cached views and give their equations in units of the field and
the range (`registration.regression.residual.RESIDUAL_SCALES`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fluoropose.drr.atlas import AtlasGrid, build_atlas
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.prepare import ViewChoice, canonical_view
from fluoropose.errors import VolumeError
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.imaging.volume import Volume, bounding_corners, extend_ends
from fluoropose.objects.random_bodies import random_body
from fluoropose.objects.random_families import BONES, METALS
from fluoropose.objects.random_objects import random_object
from fluoropose.objects.shapes import voxelise
from fluoropose.train.fit import AbstractSubjects, LearntSubject, Subject, learnt_subject
from fluoropose.train.profiles import STAGES, Stage
from fluoropose.train.synthesis import build_bank

__all__ = ["StreamPlan", "StreamedSubjects", "UNIVERSAL_STAGES", "UniversalStage", "universal_subject"]

_VOXELS_ACROSS = (35.0, 110.0)

_BODY_SHARE = 0.5
"""Half of the objects lie in a body, as half of the bundle's users' do."""


@dataclass(frozen=True, slots=True)
class UniversalStage:
    """A network of the universal bundle: its stage, and the grid of cached views about which it is taught."""

    stage: Stage
    grid: AtlasGrid


UNIVERSAL_STAGES = {
    "coarse": UniversalStage(replace(STAGES[0], peak_rate=1.5e-3), AtlasGrid(15.0, 3.0)),
    "fine": UniversalStage(
        replace(STAGES[1], effort=1.0, peak_rate=2e-3),
        AtlasGrid(6.0, 2.0),
    ),
}
"""The coarse network learns wrong angles up to 30 degrees, for which its subjects' views span 15 each way."""


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """How objects come and go: `at_once` in all, one replaced `every` so many iterations, each with `pictures`."""

    seed: int
    at_once: int = 40
    per_batch: int = 8
    every: int = 16
    pictures: int = 60


class StreamedSubjects(AbstractSubjects):
    """Random objects of which one is replaced every few iterations. Which ones there are, the iteration alone tells."""

    size_px = 128

    def __init__(
        self, plan: StreamPlan, grid: AtlasGrid, watch: Callable[[int, int], None] = lambda done, total: None
    ) -> None:
        """Draw nothing yet; `watch` is told (done, total) while the first objects are drawn."""
        self.identity = f" streamed {plan} {grid}"
        self._plan, self._grid, self._watch = plan, grid, watch
        self._learnt: dict[int, LearntSubject] = {}

    def draw(self, iteration: int, rng: np.random.Generator) -> list[LearntSubject]:
        """Return random ones of the objects that there are at an iteration."""
        first = iteration // self._plan.every
        wanted = range(first, first + self._plan.at_once)
        for gone in [number for number in self._learnt if number not in wanted]:
            del self._learnt[gone]
        missing = [number for number in wanted if number not in self._learnt]
        for done, number in enumerate(missing):
            self._learnt[number] = self._make(number)
            if len(missing) > 1:
                self._watch(done + 1, len(missing))
        chosen = rng.choice(self._plan.at_once, self._plan.per_batch, replace=False)
        return [self._learnt[first + int(n)] for n in chosen]

    def _make(self, number: int) -> LearntSubject:
        rng = np.random.default_rng([self._plan.seed, number])
        return learnt_subject(universal_subject(rng, self._plan.pictures, self._grid))


def universal_subject(rng: np.random.Generator, pictures: int, grid: AtlasGrid) -> Subject:
    """Return a random object, half of the time in a body, with an atlas about a random view and a bank of pictures."""
    inside, rest = _draw_volumes(rng)
    while not inside.values.any():
        inside, rest = _draw_volumes(rng)
    choice = ViewChoice(from_rotation_vector(2.0 * rng.normal(size=3)), rng.uniform(700.0, 1100.0), grid)
    view = canonical_view(inside, choice)
    renderer = PlaneRenderer(inside)
    around = None if rest is None else PlaneRenderer(extend_ends(rest, view.field_mm))
    atlas = build_atlas(renderer, view, grid, rest=around)
    bank = build_bank(renderer, atlas, pictures, rng, depth_share=0.15, rest=around)
    return Subject(atlas, bank, bounding_corners(inside))


def _draw_volumes(rng: np.random.Generator) -> tuple[Volume, Volume | None]:
    """Return an object and the rest of its body, if it has one; now and then nothing is left of the object."""
    try:
        if rng.random() < _BODY_SHARE:
            body = random_body(rng)
            return body.inside, body.rest
        return _draw_alone(rng), None
    except VolumeError:
        return Volume(np.zeros((2, 2, 2)), np.eye(4)), None


def _draw_alone(rng: np.random.Generator) -> Volume:
    kind = rng.random()
    if kind < 0.3:
        return random_object(rng)
    families = BONES if kind < 0.6 else METALS
    half = float(np.exp(rng.uniform(*np.log((30.0, 260.0))))) / 2 * rng.uniform(0.4, 0.75, 3)
    across = np.exp(rng.uniform(*np.log(_VOXELS_ACROSS)))
    return voxelise(families[rng.integers(len(families))](rng, half), half, 2.0 * float(half.max()) / across)
