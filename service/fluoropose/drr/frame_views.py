"""The views of a cache as one frame uses them: what the frame had to wait for is counted."""

from fluoropose.arrays import Float32, Mat33, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.drr.view_cache import ViewCache
from fluoropose.geometry.canonical import CanonicalPose

__all__ = ["FrameViews", "begin_frame"]


def begin_frame(atlas: AbstractAtlas) -> AbstractAtlas:
    """Return an atlas as one frame uses it."""
    return FrameViews(atlas) if isinstance(atlas, ViewCache) else atlas


class FrameViews(AbstractAtlas):
    """The views of a cache as one frame uses them: it counts those that the frame `waited` for."""

    def __init__(self, cache: ViewCache) -> None:
        """Count from nothing."""
        self.view, self.pictures = cache.view, cache.pictures
        self._cache, self._waited = cache, 0
        self._located: dict[tuple[bytes, int | None], tuple[CanonicalPose, int]] = {}

    @property
    def waited(self) -> int:
        """How many views this frame had to wait for so far."""
        return self._waited

    @property
    def step_deg(self) -> float:
        """The angle between neighbouring views, degrees."""
        return self._cache.step_deg

    @property
    def has_surroundings(self) -> bool:
        """Whether the rest of the CT is rendered too."""
        return self._cache.has_surroundings

    @property
    def averages_pixels(self) -> bool:
        """Whether pixels are means over their area (`AbstractRenderer`)."""
        return self._cache.averages_pixels

    def locate(self, camera_from_volume: Mat44, stay: int | None = None) -> tuple[CanonicalPose, int]:
        """Return the parts of a pose in its chart and the nearest view; they are kept, as a frame's poses recur."""
        key = camera_from_volume.tobytes(), stay
        found = self._located.get(key)
        if found is None:
            found = self._located[key] = self._cache.locate(camera_from_volume, stay)
        return found

    def angles_of(self, index: int) -> tuple[float, float]:
        """Return (alpha, beta) in rad of a view in its chart."""
        return self._cache.angles_of(index)

    def rotation(self, index: int) -> Mat33:
        """Return the object's rotation in the canonical camera in a view."""
        return self._cache.rotation(index)

    def neighbours(self, index: int) -> tuple[int, int, int, int, int]:
        """Return a view and its neighbours in its chart."""
        return self._cache.neighbours(index)

    def picture_indices(self, index: int) -> tuple[int, ...]:
        """Return the slots of a view's pictures (`ViewCache.picture_indices`)."""
        self._waited += self._cache.missing(self.neighbours(index))
        return self._cache.picture_indices(index)

    def line_integrals(self, *indices: int) -> Float32:
        """Return the object in views as float32, shape (n, size, size)."""
        self._waited += self._cache.missing(indices)
        return self._cache.line_integrals(*indices)

    def surroundings_in(self, *indices: int) -> Float32:
        """Return the rest of the CT in views as float32, shape (n, size, size)."""
        self._waited += self._cache.missing(indices)
        return self._cache.surroundings_in(*indices)

    def rough_lines(self, index: int) -> Float32:
        """Return all that a view shows, rendered roughly where it is not held."""
        return self._cache.rough_lines(index)

    def views_about(self, index: int, reach_deg: float, step_deg: float) -> list[int]:
        """Return the views about a view in its chart."""
        return self._cache.views_about(index, reach_deg, step_deg)

    def expected_views(self, step_deg: float) -> list[int]:
        """Return the views that a search of the whole frame compares."""
        return self._cache.expected_views(step_deg)

    def look_ahead(self, camera_from_volume: Mat44) -> None:
        """Have the views around a pose rendered on a background thread."""
        self._cache.look_ahead(camera_from_volume)
