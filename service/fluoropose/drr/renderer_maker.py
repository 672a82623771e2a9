"""What makes renderers of volumes, and room for the pictures of views: on the CPU here, on a device elsewhere."""

from abc import ABC, abstractmethod

import numpy as np

from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.pictures import ViewPictures
from fluoropose.drr.planes import SerialPlaneRenderer
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.imaging.volume import Volume

__all__ = ["AbstractRendererMaker", "CPU", "CpuRendererMaker"]


class AbstractRendererMaker(ABC):
    """Makes the renderers of a processor, named by `label`; `copies` is how often a picture of a view is kept."""

    label: str
    copies: int

    @abstractmethod
    def make_renderer(self, volume: Volume) -> AbstractRenderer:
        """Return a renderer for any camera, with steps of a voxel."""

    @abstractmethod
    def make_view_renderer(self, volume: Volume) -> AbstractRenderer:
        """Return a renderer of cached views, by planes, which works beside a frame."""

    @abstractmethod
    def make_pictures(self, shape: tuple[int, int, int]) -> ViewPictures:
        """Return room for pictures, (places, rows, columns), where these renderers and the networks reach it."""


class CpuRendererMaker(AbstractRendererMaker):
    """Makes renderers on the CPU; that of views keeps to the thread that calls it."""

    label = "cpu"
    copies = 1

    def make_renderer(self, volume: Volume) -> AbstractRenderer:
        """Return a renderer for any camera, with steps of a voxel."""
        return CpuRenderer(volume, default_step_mm(volume))

    def make_view_renderer(self, volume: Volume) -> AbstractRenderer:
        """Return a renderer of cached views, by planes, which works beside a frame."""
        return SerialPlaneRenderer(volume)

    def make_pictures(self, shape: tuple[int, int, int]) -> ViewPictures:
        """Return room for pictures on the host, (places, rows, columns)."""
        return ViewPictures(np.zeros(shape, np.float16))


CPU = CpuRendererMaker()
"""The renderers on the CPU."""
