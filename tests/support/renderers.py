"""A renderer that counts how often it is asked."""

from fluoropose.arrays import Float32, Mat44
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera

__all__ = ["CountingRenderer"]


class CountingRenderer(AbstractRenderer):
    """Renders as another renderer and counts how often."""

    def __init__(self, inner: AbstractRenderer) -> None:
        self.count = 0
        self._inner = inner

    def render(self, camera: Camera, camera_from_volume: Mat44) -> Float32:
        self.count += 1
        return self._inner.render(camera, camera_from_volume)
