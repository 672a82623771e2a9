"""What a group of the stress set makes: a run of one frame or several, with what is true of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.evaluation.trust.pictures import Draw
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.tolerance import EXACT, CameraTolerance

__all__ = ["TrustGroup", "TrustRun"]


@dataclass(frozen=True, slots=True, eq=False)
class TrustRun:
    """Frames that are registered in turn, each from the last, and what is true of them.

    Attributes
    ----------
    frames : the pixels of each frame, (rows, columns)
    camera : the camera that the service is told
    truths : where the object really is in each frame; None where no pose is right
    start : where it is looked for in the first frame; None searches the frame
    condition : what is the matter, in words
    visible : which share of the object each frame shows
    tolerance : how well the service is told that the camera is calibrated
    """

    frames: tuple[NDArray[Any], ...]
    camera: Camera
    truths: tuple[Mat44 | None, ...]
    start: Mat44 | None
    condition: str = ""
    visible: tuple[float, ...] = (1.0,)
    tolerance: CameraTolerance = EXACT


@dataclass(frozen=True, slots=True, eq=False)
class TrustGroup:
    """A kind of frames: `make` draws the n-th of them; `family` is what it is counted with."""

    name: str
    family: str
    make: Callable[[Draw], TrustRun]
    run_length: int = 1
