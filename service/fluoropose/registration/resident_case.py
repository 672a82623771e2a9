"""A resident case: the data of a case, with the stepper of its networks on a device and the renderers of its bodies."""

import threading
import time
from copy import copy

from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.drr.case import Case
from fluoropose.drr.prepare import object_renderer, quick_rest_renderer
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.drr.renderer_maker import CPU
from fluoropose.registration.initialization.global_search import SearchTemplates
from fluoropose.registration.initialization.start_search import ViewTemplates
from fluoropose.registration.refinement.costs.two_body import BodyRenderers
from fluoropose.registration.regression.schedule import Clock
from fluoropose.registration.regression.step import AbstractStepper

__all__ = ["ResidentCase"]


class ResidentCase:
    """Data for `registration.pipeline`. Safe for several threads, which take turns with the stepper by `lock`.

    `clock` gives nanoseconds; the times that a registration reports are counted with it. `size_bytes` is that of atlas
    and networks, `used_at` orders cases by their last use, `device_label` names the stepper's device. `templates` are
    the views that searches about a start have compared, `search_templates` those of searches of a whole frame.
    """

    def __init__(
        self,
        case: Case,
        stepper: AbstractStepper,
        *,
        atlas: AbstractAtlas | None = None,
        any_camera: AbstractRenderer | None = None,
        device_label: str = "cpu",
        network_bytes: int = 0,
        trained: bool = False,
        clock: Clock = time.perf_counter_ns,
    ) -> None:
        """Hold a case and the stepper of its networks.

        `atlas` has its views, by default those that were prepared. `any_camera` renders the object for any camera, by
        default on the CPU. `trained` says that the networks were trained on this very case.
        """
        self.case = case
        self.atlas: AbstractAtlas = case.atlas if atlas is None else atlas
        self.stepper = stepper
        self.clock = clock
        self.device_label = device_label
        self.trained = trained
        self.any_camera: AbstractRenderer = CPU.make_renderer(case.volume) if any_camera is None else any_camera
        self.renderer: AbstractRenderer = object_renderer(case.volume, case.solid, case.atlas.view)
        self.body_renderers = (
            None if case.rest is None else BodyRenderers(self.renderer, quick_rest_renderer(case.rest, case.atlas.view))
        )
        self.templates = ViewTemplates()
        self.search_templates = SearchTemplates()
        self.lock = threading.Lock()
        self.used_at = 0
        self.size_bytes = int(self.atlas.pictures.nbytes) + network_bytes
        self._copies: list[ResidentCase] = []

    def copy(self, number: int) -> "ResidentCase":
        """Return the case with frames and a lock of its own, for an object that comes several times; 0 is this one."""
        if number == 0:
            return self
        with self.lock:
            while len(self._copies) < number:
                twin = copy(self)
                twin.stepper, twin.lock = self.stepper.another(), threading.Lock()
                self._copies.append(twin)
        return self._copies[number - 1]
