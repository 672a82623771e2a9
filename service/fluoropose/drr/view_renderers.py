"""What a cache of views renders with, and what makes room for its pictures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fluoropose.drr.pictures import ViewPictures
from fluoropose.drr.renderer import AbstractRenderer

__all__ = ["MakePictures", "ROUGH_PX", "ViewRenderers"]

ROUGH_PX = 64
"""The side in pixels of pictures that are rendered roughly, for searches."""

MakePictures = Callable[[tuple[int, int, int]], ViewPictures]
"""Returns room for pictures, (places, rows, columns)."""


def _make_host_pictures(shape: tuple[int, int, int]) -> ViewPictures:
    return ViewPictures(np.zeros(shape, np.float16))


@dataclass(frozen=True, slots=True, eq=False)
class ViewRenderers:
    """What renders the object and, if the case has one, the rest of its CT, and what makes room for their pictures.

    `copies` is how often those hold each picture: twice if they are on a device too. `rough` render what a search
    compares of a view that is not held, `ROUGH_PX` a side, and sum up to all that it shows; without them such views are
    rendered as all others.
    """

    inside: AbstractRenderer
    rest: AbstractRenderer | None = None
    make_pictures: MakePictures = _make_host_pictures
    copies: int = 1
    rough: tuple[AbstractRenderer, ...] = ()

    @property
    def kinds(self) -> tuple[AbstractRenderer, ...]:
        """The renderers of each kind of picture."""
        return (self.inside,) if self.rest is None else (self.inside, self.rest)

    @property
    def at_once(self) -> int:
        """How many views are best rendered at once."""
        return min(renderer.at_once for renderer in self.kinds)

    @property
    def device_bytes(self) -> int:
        """How many bytes of a device's memory the renderers take."""
        return sum(renderer.device_bytes for renderer in self.kinds)
