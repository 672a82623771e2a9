"""A DRR cache without a rim: views of any direction, rendered when they are needed, most of them ahead of that.

Each view has a number on the sphere (`drr.sphere`) and, while it is held, a slot of one array of pictures, which a
device may read in place. After each frame the views around the object's direction are rendered on a background thread,
the nearest first. A view that a step needs and that is not there is rendered at once, and counted: the answer can say
so. When the slots are full, the views that were used longest ago make room.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Mat33, Mat44
from fluoropose.drr.atlas import REFERENCE_STEP_DEG, AbstractAtlas, Atlas, AtlasGrid, render_rotation
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.drr.sphere import SphereGrid
from fluoropose.geometry.canonical import CanonicalPose, CanonicalView, central_ray
from fluoropose.imaging.half_precision import to_single

__all__ = ["CacheSettings", "ViewCache", "ViewCounts", "ViewRenderers"]

_ABSENT = -1

_SEARCHED_DEG = 36.0
"""A search of the whole frame compares views up to so far from the expected one, or as far as was prepared."""

_MOST = np.float32(6e4)
"""The largest line integral that float16 holds."""


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """How many bytes of pictures are held, how far around an object views are rendered ahead, and for how long.

    `radius_deg` is 200 ms of an object that turns at 60 degrees per second. A view that was used less than `lease_s`
    ago is not replaced by one that is rendered ahead: a frame may be looking at it.
    """

    budget_bytes: int = 256 * 2**20
    radius_deg: float = 12.0
    lease_s: float = 2.0
    niceness: int = 10


@dataclass(frozen=True, slots=True, eq=False)
class ViewRenderers:
    """What renders the object and, if the case has one, the rest of its CT."""

    inside: AbstractRenderer
    rest: AbstractRenderer | None = None


@dataclass(frozen=True, slots=True)
class ViewCounts:
    """How many views are held, were rendered ahead, were rendered while a frame waited, and made room."""

    held: int
    ahead: int
    waited: int
    evicted: int


class ViewCache(AbstractAtlas):
    """The views of a case from all directions, within a budget. Safe for several threads."""

    def __init__(
        self,
        prepared: Atlas,
        renderers: ViewRenderers,
        settings: CacheSettings = CacheSettings(),
        *,
        step_deg: float = REFERENCE_STEP_DEG,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold the `prepared` views, if they are `step_deg` apart, where the budget has room for them."""
        self.view: CanonicalView = prepared.view
        self.sphere = SphereGrid(prepared.view.base_rotation, step_deg)
        reach = [min(max(angle, _SEARCHED_DEG), self.sphere.chart.half_range_deg) for angle in prepared.grid.reach_deg]
        self._searched = AtlasGrid(reach[0], step_deg, reach[1])
        self._renderers, self._settings, self._clock = renderers, settings, clock
        self._kinds = 1 + (renderers.rest is not None)
        side = self.view.size_px
        self._capacity = max(64, min(settings.budget_bytes // (2 * side * side * self._kinds), self.sphere.count))
        self.pictures: NDArray[Any] = np.zeros((self._capacity * self._kinds, side, side), np.float16)
        self._stamps: NDArray[np.int64] = np.zeros(len(self.pictures), np.int64)
        self._slot_of = np.full(self.sphere.count, _ABSENT, np.int64)
        self._view_in = np.full(self._capacity, _ABSENT, np.int64)
        self._used_at = np.zeros(self._capacity)
        self._held = self._ahead = self._waited = self._evicted = 0
        self._lock = threading.Lock()
        self._wanted: list[int] = []
        self._thread: threading.Thread | None = None
        self._take(prepared)

    @property
    def step_deg(self) -> float:
        """The angle between neighbouring views, degrees."""
        return self.sphere.step_deg

    @property
    def has_surroundings(self) -> bool:
        """Whether the rest of the CT is rendered too."""
        return self._kinds == 2

    @property
    def averages_pixels(self) -> bool:
        """Whether pixels are means over their area (`AbstractRenderer`)."""
        return self._renderers.inside.averages_pixels

    @property
    def counts(self) -> ViewCounts:
        """What the cache did so far."""
        with self._lock:
            return ViewCounts(self._held, self._ahead, self._waited, self._evicted)

    @property
    def stamps(self) -> NDArray[np.int64]:
        """How often each picture was written."""
        return self._stamps

    def locate(self, camera_from_volume: Mat44, stay: int | None = None) -> tuple[CanonicalPose, int]:
        """Return the parts of a pose in its chart and the nearest view (`SphereGrid.locate`)."""
        return self.sphere.locate(central_ray(camera_from_volume, self.view.centre_mm), stay)

    def angles_of(self, index: int) -> tuple[float, float]:
        """Return (alpha, beta) in rad of a view in its chart."""
        return self.sphere.angles_of(index)

    def rotation(self, index: int) -> Mat33:
        """Return the object's rotation in the canonical camera in a view."""
        return self.sphere.rotation(index)

    def neighbours(self, index: int) -> tuple[int, int, int, int, int]:
        """Return a view and its neighbours in its chart."""
        return self.sphere.neighbours(index)

    def picture_indices(self, index: int) -> tuple[int, ...]:
        """Return the slots of a view's and its neighbours' pictures, and of the rest in that view."""
        slots = self.hold(self.neighbours(index))
        return (*slots, self._capacity + slots[0]) if self._kinds == 2 else tuple(slots)

    def line_integrals(self, *indices: int) -> Float32:
        """Return the object in views as float32, shape (n, size, size)."""
        return to_single(self.pictures[self.hold(indices)])

    def surroundings_in(self, *indices: int) -> Float32:
        """Return the rest of the CT in views as float32, shape (n, size, size)."""
        return to_single(self.pictures[[self._capacity + slot for slot in self.hold(indices)]])

    def views_about(self, index: int, reach_deg: float, step_deg: float) -> list[int]:
        """Return the views about a view in its chart."""
        return self.sphere.about(index, reach_deg, step_deg)

    def expected_views(self, step_deg: float) -> list[int]:
        """Return the views about `step_deg` apart around the expected view, as far as was prepared and 36 degrees."""
        _, here = self.sphere.views_of(self._searched)
        return [here[index] for index in self._searched.subset(step_deg)]

    def look_ahead(self, camera_from_volume: Mat44) -> None:
        """Have the views around a pose rendered on a background thread, the nearest first."""
        self._want(self._around(camera_from_volume))

    def wait_until_ahead(self, timeout_s: float) -> bool:
        """Wait until the background thread has nothing to do; tell whether it came to that in time."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def _around(self, camera_from_volume: Mat44) -> list[int]:
        ray = central_ray(camera_from_volume, self.view.centre_mm)
        return self.sphere.around(ray.direction, self._settings.radius_deg)

    def _want(self, indices: list[int]) -> None:
        """Replace what the background thread is to render next, and start one if there is none."""
        places = np.asarray(indices, np.int64)
        missing: list[int] = places[self._slot_of[places] == _ABSENT].tolist()
        with self._lock:
            self._wanted = missing[::-1]
            if missing and self._thread is None:
                self._thread = threading.Thread(target=self._render_ahead, name="views-ahead", daemon=True)
                self._thread.start()

    def _render_ahead(self) -> None:
        """Render what is wanted until nothing is, on a thread that yields to those of frames."""
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._settings.niceness)
        while True:
            with self._lock:
                index = self._wanted.pop() if self._wanted else None
                if index is None:
                    self._thread = None
                    return
            if self._slot_of[index] == _ABSENT:
                self._render(index, ahead=True)

    def missing(self, indices: Sequence[int]) -> int:
        """Return how many of some views are not held."""
        return sum(1 for index in indices if self._slot_of.item(index) == _ABSENT)

    def hold(self, indices: Sequence[int]) -> list[int]:
        """Return the slots of views, rendering those that are missing."""
        slots = [self._slot_of.item(index) for index in indices]
        for n, index in enumerate(indices):
            if slots[n] == _ABSENT:
                slots[n] = self._render(index, ahead=False)
        self._used_at[slots] = self._clock()
        return slots

    def _render(self, index: int, *, ahead: bool) -> int:
        """Render a view into a slot and return the slot; a view rendered `ahead` leaves it where none is free."""
        rotation, rest_renderer = self.rotation(index), self._renderers.rest
        inside = np.minimum(render_rotation(self._renderers.inside, self.view, rotation), _MOST)
        rest = None if rest_renderer is None else render_rotation(rest_renderer, self.view, rotation)
        with self._lock:
            slot = int(self._slot_of[index])
            if slot != _ABSENT:
                return slot
            slot = self._free_slot(ahead=ahead)
            if slot == _ABSENT:
                return slot
            self.pictures[slot] = inside
            if rest is not None:
                self.pictures[self._capacity + slot] = np.minimum(rest, _MOST)
            # After the pictures: what was made of half-written ones then counts as made of the old ones.
            self._stamps[slot :: self._capacity] += 1
            self._view_in[slot], self._used_at[slot] = index, self._clock()
            self._slot_of[index] = slot
            self._ahead += ahead
            self._waited += not ahead
        return slot

    def _free_slot(self, *, ahead: bool) -> int:
        """Return a free slot, or that of the view used longest ago; `ahead` spares those that were used just now."""
        if self._held < self._capacity:
            self._held += 1
            return self._held - 1
        oldest = int(np.argmin(self._used_at))
        if ahead and self._clock() - self._used_at[oldest] < self._settings.lease_s:
            return _ABSENT
        self._slot_of[self._view_in[oldest]] = _ABSENT
        self._evicted += 1
        return oldest

    def _take(self, prepared: Atlas) -> None:
        """Copy prepared views into slots: those about the expected view first, as many as there is room for."""
        own, here = self.sphere.views_of(prepared.grid)
        order = np.argsort([max(map(abs, prepared.grid.angles_of(index))) for index in own], kind="stable")
        chosen = order[: self._capacity]
        taken = np.array(own, np.int64)[chosen]
        numbers = np.array(here, np.int64)[chosen]
        count = len(chosen)
        self.pictures[:count] = prepared.pictures[taken]
        if self._kinds == 2:
            self.pictures[self._capacity : self._capacity + count] = prepared.pictures[prepared.grid.count + taken]
        self._view_in[:count], self._slot_of[numbers], self._held = numbers, np.arange(count), count
