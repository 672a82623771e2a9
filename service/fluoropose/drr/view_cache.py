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
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Mat33, Mat44
from fluoropose.drr.atlas import REFERENCE_STEP_DEG, AbstractAtlas, Atlas, AtlasGrid, pose_of_view
from fluoropose.drr.sphere import SphereGrid
from fluoropose.drr.view_renderers import ROUGH_PX, ViewRenderers
from fluoropose.geometry.canonical import CanonicalPose, CanonicalView, central_ray
from fluoropose.imaging.half_precision import to_single

__all__ = ["CacheSettings", "ViewCache", "ViewCounts"]

_ABSENT = -1

_SEARCHED_DEG = 36.0
"""A search of the whole frame compares views up to so far from the expected one, or as far as was prepared."""

_LEAST_PLACES = 64
"""A cache has room for at least so many views, whatever its budget."""


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """How many bytes of pictures are held, how far around an object views are rendered ahead, and for how long.

    The bytes are those of the host and of a device together.

    `radius_deg` is 200 ms of an object that turns at 60 degrees per second. A view that was used less than `lease_s`
    ago is not replaced by one that is rendered ahead: a frame may be looking at it.
    """

    budget_bytes: int = 256 * 2**20
    radius_deg: float = 12.0
    lease_s: float = 2.0
    niceness: int = 10


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
        self._kinds = len(renderers.kinds)
        side = self.view.size_px
        view_bytes = 2 * side * side * self._kinds * renderers.copies
        self._capacity = max(_LEAST_PLACES, min(settings.budget_bytes // view_bytes, self.sphere.count))
        self.kept = renderers.make_pictures((self._capacity * self._kinds, side, side))
        self.pictures: NDArray[Any] = self.kept.host
        self._stamps: NDArray[np.int64] = np.zeros(len(self.pictures), np.int64)
        self._slot_of = np.full(self.sphere.count, _ABSENT, np.int64)
        self._view_in = np.full(self._capacity, _ABSENT, np.int64)
        self._used_at = np.zeros(self._capacity)
        self._ahead = self._waited = self._evicted = 0
        self._free = list(range(self._capacity))
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._wanted: list[int] = []
        self._thread: threading.Thread | None = None
        self._take(prepared)

    @property
    def step_deg(self) -> float:
        """The angle between neighbouring views, degrees."""
        return self.sphere.step_deg

    @property
    def device_bytes(self) -> int:
        """How many bytes of a device's memory the pictures and their renderers take."""
        return self.kept.device_bytes + self._renderers.device_bytes

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
            return ViewCounts(self._capacity - len(self._free), self._ahead, self._waited, self._evicted)

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

    def rough_lines(self, index: int) -> Float32:
        """Return all that a view shows (`AbstractAtlas.rough_lines`); one that is not held is rendered roughly."""
        if not self._renderers.rough or not self.missing([index]):
            return super().rough_lines(index)
        view = replace(self.view, size_px=ROUGH_PX)
        pose = pose_of_view(view, self.rotation(index))
        return np.asarray(sum(one.render(view.camera, pose) for one in self._renderers.rough), np.float32)

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
        try:
            while wanted := self._next_wanted():
                self._render([index for index in wanted if self._slot_of[index] == _ABSENT], ahead=True)
        except BaseException:
            with self._lock:
                self._thread = None
            raise

    def _next_wanted(self) -> list[int]:
        """Return the next views to render ahead; where there are none, the thread that asks is to end."""
        with self._lock:
            wanted = [self._wanted.pop() for _ in range(min(self._renderers.at_once, len(self._wanted)))]
            if not wanted:
                self._thread = None
        return wanted

    def missing(self, indices: Sequence[int]) -> int:
        """Return how many of some views are not held."""
        return sum(1 for index in indices if self._slot_of.item(index) == _ABSENT)

    def hold(self, indices: Sequence[int]) -> list[int]:
        """Return the slots of views, rendering those that are missing."""
        slots = [self._slot_of.item(index) for index in indices]
        if _ABSENT in slots:
            missing = list(dict.fromkeys(index for index, slot in zip(indices, slots, strict=True) if slot == _ABSENT))
            found: dict[int, int] = {}
            while len(found) < len(missing):
                found |= self._render(missing[len(found) :][: self._renderers.at_once], ahead=False)
            slots = [found.get(index, slot) for index, slot in zip(indices, slots, strict=True)]
        self._used_at[slots] = self._clock()
        return slots

    def _render(self, indices: Sequence[int], *, ahead: bool) -> dict[int, int]:
        """Render views, as many of the first ones as there are slots for, and return their slots.

        Views that are rendered `ahead` leave it where no slot is free; of others at least one is rendered.
        """
        with self._lock:
            slots = self._claim(len(indices), ahead=ahead)
        rendered = dict(zip(indices, slots, strict=False))
        poses = [pose_of_view(self.view, self.rotation(index)) for index in rendered]
        try:
            for kind, renderer in enumerate(self._renderers.kinds):
                places = [kind * self._capacity + slot for slot in slots]
                renderer.render_into(self.view.camera, poses, self.kept, places)
        except BaseException:
            with self._lock:
                self._release(slots)
            raise
        with self._lock:
            return {index: self._show(index, slot, ahead=ahead) for index, slot in rendered.items()}

    def _show(self, index: int, slot: int, *, ahead: bool) -> int:
        """Let a view be found in the slot into which it was rendered, unless it is in another already: return that."""
        shown = int(self._slot_of[index])
        if shown != _ABSENT:
            self._release([slot])
            return shown
        # After the pictures: what was made of half-written ones then counts as made of the old ones.
        self._stamps[slot :: self._capacity] += 1
        self._view_in[slot], self._used_at[slot] = index, self._clock()
        self._slot_of[index] = slot
        self._ahead += ahead
        self._waited += not ahead
        self._freed.notify_all()
        return slot

    def _claim(self, count: int, *, ahead: bool) -> list[int]:
        """Return up to `count` slots to render into: free ones, then those of the views used longest ago.

        `ahead` spares those that were used just now, and may get none; otherwise there is at least one, if need be
        after others have rendered.
        """
        slots: list[int] = []
        while len(slots) < count:
            slot = self._free.pop(0) if self._free else self._evict(ahead=ahead)
            if slot != _ABSENT:
                self._used_at[slot] = np.inf
                slots.append(slot)
            elif slots or ahead:
                break
            else:
                self._freed.wait()
        return slots

    def _evict(self, *, ahead: bool) -> int:
        """Take the slot of the view used longest ago, if it is not in use or being rendered into."""
        oldest = int(np.argmin(self._used_at))
        spared = self._clock() - self._settings.lease_s if ahead else np.inf
        if self._used_at[oldest] > spared or np.isinf(self._used_at[oldest]):
            return _ABSENT
        self._slot_of[self._view_in[oldest]] = _ABSENT
        self._evicted += 1
        return oldest

    def _release(self, slots: Sequence[int]) -> None:
        """Give slots back that hold no view."""
        self._view_in[list(slots)] = _ABSENT
        self._free = [*slots, *self._free]
        self._freed.notify_all()

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
        self.kept.send([kind * self._capacity + slot for kind in range(self._kinds) for slot in range(count)])
        self._view_in[:count], self._slot_of[numbers], self._free = numbers, np.arange(count), self._free[count:]
