"""What a method is: a name's printed settings, how it is made, and how its time is taken."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.drr.case import Case
from fluoropose.evaluation.frame_registration import Reading
from fluoropose.evaluation.trials import Registrar, TrialResult
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import Exposure

__all__ = ["Method", "MethodInputs", "add_cpu_time", "time_registrar"]


@dataclass(frozen=True, slots=True, eq=False)
class MethodInputs:
    """What a method may be made of: the case, where its model is, device and threads, and how pixels are read."""

    case: Case
    model: Path
    device: str = "cpu"
    threads: int = 1
    reading: Reading = Reading()

    def exposure(self, pixels: NDArray[Any], camera: Camera) -> Exposure:
        """Return a frame as the baselines look at it."""
        return Exposure(pixels, camera, self.reading.meaning, self.reading.inverted)


@dataclass(frozen=True, slots=True)
class Method:
    """A method: what to print of its settings, how to make it, whether it takes long per trial.

    `wide` says whether it is also run from wider starts than the paper's, where those are asked for.
    """

    settings: Callable[[MethodInputs], dict[str, Any]]
    make: Callable[[MethodInputs], Registrar]
    slow: bool = True
    wide: bool = True


def time_registrar(find: Callable[[NDArray[Any], Camera, Mat44], Mat44]) -> Registrar:
    """Return a registrar that takes the time of a method which does not assess its own result."""

    def register(pixels: NDArray[Any], camera: Camera, start: Mat44) -> TrialResult:
        began = time.perf_counter()
        pose = find(pixels, camera, start)
        return TrialResult(pose, "DONE", 1.0, {"total": 1e3 * (time.perf_counter() - began)})

    return add_cpu_time(register)


def add_cpu_time(register: Registrar) -> Registrar:
    """Return a registrar that adds the processor's time: what is left of "total" when nobody else computes."""

    def timed(pixels: NDArray[Any], camera: Camera, start: Mat44) -> TrialResult:
        began = time.process_time()
        answer = register(pixels, camera, start)
        return replace(answer, timing_ms={**answer.timing_ms, "cpu": 1e3 * (time.process_time() - began)})

    return timed
