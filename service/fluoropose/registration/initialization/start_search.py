"""A search about a rough start: which cached views, turned and shifted a little, look like the frame there.

The networks correct a start; where they do not find the object, this looks for it without them. The frame is warped to
the start's canonical view, turned in the plane by a few angles, and correlated with the cached views within some 28
degrees of the start, in local contrast, over shifts of up to a quarter of the field. About the best of them views that
lie nearer to each other are compared at twice the size. In a body a view is shown with the rest of the CT around it,
since the body turns with its bone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import degrees, radians

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, rfft2

from fluoropose.arrays import Float32, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import canonical_homography, pose_from_canonical
from fluoropose.geometry.rotation import about_z
from fluoropose.imaging.filters import local_contrast, pool_blocks
from fluoropose.imaging.sampling import warp_picture
from fluoropose.imaging.templates import correlate_about
from fluoropose.registration.initialization.view_contrast import LatestKept, normalise_contrast, view_contrast

__all__ = [
    "StartSearch",
    "ViewTemplates",
    "WIDER_SEARCH",
]

Complex64 = NDArray[np.complex64]

_TEMPLATE_PX, _WIDE_PX, _BLOCK_PX = 64, 96, 8
"""Pixels of a view, of what is seen of the frame (one and a half fields), and of a local neighbourhood."""

_HALF_TEMPLATE_PX, _HALF_WIDE_PX, _HALF_BLOCK_PX = _TEMPLATE_PX // 2, _WIDE_PX // 2, _BLOCK_PX // 2
"""The same at half the size, at which all views are compared first."""

_SHIFTS = _HALF_WIDE_PX - _HALF_TEMPLATE_PX + 1
"""Shifts along each axis at half the size."""

_AROUND_PX = 2
"""How far a match at half the size may move at full size."""


@dataclass(frozen=True, slots=True)
class StartSearch:
    """How far and how finely to look out of the plane and in it (`thetas_deg`), and how many candidates to return.

    About each of them the views `finer_deg` apart are compared as well, at `finer_thetas_deg` about its own.
    """

    reach_deg: float = 28.0
    step_deg: float = 6.0
    thetas_deg: tuple[float, ...] = (-4.0, 0.0, 4.0)
    finer_deg: float = 2.0
    finer_thetas_deg: tuple[float, ...] = (-2.0, 0.0, 2.0)
    keep: int = 6


WIDER_SEARCH = StartSearch(reach_deg=44.0, keep=10)
"""For a start about which nothing was found: two deviations of 10 degrees each make 28, and one start in seventy is
turned further."""


@dataclass(frozen=True, slots=True, eq=False)
class _Match:
    """A view that was compared: its score, its index, the turn in the plane, the shift in template pixels (u, v)."""

    score: float
    index: int
    theta_rad: float
    shift_px: tuple[float, float]


class ViewTemplates:
    """The views of an atlas in local contrast: spectra at half the size (10 kB each) and pictures (16 kB each).

    The latest `capacity` of each are kept.
    """

    def __init__(self, capacity: int = 768) -> None:
        self._spectra = LatestKept[Complex64](capacity)
        self._pictures = LatestKept[Float32](capacity)

    def spectrum(self, atlas: AbstractAtlas, view: int) -> Complex64:
        """Return the conjugate spectrum of a view's template at half the size."""

        def make() -> Complex64:
            template = normalise_contrast(view_contrast(atlas.rough_lines(view), _HALF_TEMPLATE_PX, _HALF_BLOCK_PX))
            return np.asarray(np.conj(rfft2(template, (_HALF_WIDE_PX, _HALF_WIDE_PX))), np.complex64)

        return self._spectra.get(view, make)

    def picture(self, atlas: AbstractAtlas, view: int) -> Float32:
        """Return a view's template, (64, 64)."""

        def make() -> Float32:
            return normalise_contrast(view_contrast(atlas.rough_lines(view), _TEMPLATE_PX, _BLOCK_PX))

        return self._pictures.get(view, make)


class StartMatches:
    """A frame about a start, compared with cached views: the best match first, and candidates among all of them."""

    def __init__(
        self,
        frame: Float32,
        camera: Camera,
        atlas: AbstractAtlas,
        start: Mat44,
        templates: ViewTemplates,
        settings: StartSearch = StartSearch(),
    ) -> None:
        """Compare all views at half the size.

        Parameters
        ----------
        frame, camera : line integrals (rows, columns), and what took them
        atlas, templates : the views, and what is kept of them
        start : camera_from_volume
        settings : how far about the start is looked, and how finely
        """
        self._frame, self._camera, self._atlas = frame, camera, atlas
        self._templates, self._settings = templates, settings
        self._pose, index = atlas.locate(start)
        views = atlas.views_about(index, settings.reach_deg, settings.step_deg)
        shown = np.stack([templates.spectrum(atlas, view) for view in views])
        thetas_rad = [radians(theta) for theta in settings.thetas_deg]
        self._matches = sorted((one for theta in thetas_rad for one in self._match(views, shown, theta)), key=_badness)

    @property
    def best(self) -> Mat44:
        """Where the view that looks most like the frame puts the object: camera_from_volume."""
        return self._pose_of(self._matches[0])

    @property
    def lead(self) -> float:
        """By which share of its score the best match is better than any that is turned out of the plane from it."""
        best, least_deg = self._matches[0], 2.0 * self._settings.step_deg
        others = (match for match in self._matches if _apart_deg(self._atlas, match, best) > least_deg)
        second = next(others, None)
        return 1.0 if second is None else (best.score - second.score) / max(best.score, 1e-9)

    def candidates(self) -> list[Mat44]:
        """Return likely poses (camera_from_volume), the best match first, from different directions."""
        chosen: list[_Match] = []
        least_deg = 1.1 * self._settings.step_deg
        for match in self._matches:
            if all(_apart_deg(self._atlas, match, other) > least_deg for other in chosen):
                chosen.append(match)
            if len(chosen) == self._settings.keep:
                break
        return [self._pose_of(match) for match in sorted(map(self._refine, chosen), key=_badness)]

    def _match(self, views: list[int], shown: Complex64, theta_rad: float) -> Iterator[_Match]:
        """Give the best shift of each view, `shown` by its spectrum, at a turn in the plane, at half the size."""
        seen = local_contrast(pool_blocks(self._seen(theta_rad), 2), _HALF_BLOCK_PX)
        wide = irfft2(rfft2(seen) * shown, (_HALF_WIDE_PX, _HALF_WIDE_PX), overwrite_x=True)
        scores = wide[:, :_SHIFTS, :_SHIFTS].reshape(len(views), -1)
        places = scores.argmax(axis=1)
        best = scores[np.arange(len(views)), places]
        for view, place, score in zip(views, places.tolist(), best.tolist(), strict=True):
            row, column = divmod(place, _SHIFTS)
            yield _Match(score, view, theta_rad, (2.0 * column - (_SHIFTS - 1), 2.0 * row - (_SHIFTS - 1)))

    def _refine(self, match: _Match) -> _Match:
        """Return the best match at full size of the views about one, turned and shifted a little."""
        settings, most = self._settings, (_WIDE_PX - _TEMPLATE_PX) // 2
        views = self._atlas.views_about(match.index, 1.5 * settings.finer_deg, settings.finer_deg)
        shown = np.stack([self._templates.picture(self._atlas, view) for view in views])
        column, row = (int(place) + most for place in match.shift_px)
        found = []
        for turn_deg in settings.finer_thetas_deg:
            theta_rad = match.theta_rad + radians(turn_deg)
            seen = local_contrast(self._seen(theta_rad), _BLOCK_PX)
            scores = correlate_about(seen, shown, (row, column), _AROUND_PX)
            number, down, along = (int(place) for place in np.unravel_index(int(scores.argmax()), scores.shape))
            shift_px = (float(column + along - _AROUND_PX - most), float(row + down - _AROUND_PX - most))
            found.append(_Match(float(scores[number, down, along]), views[number], theta_rad, shift_px))
        return min(found, key=_badness)

    def _pose_of(self, match: _Match) -> Mat44:
        """Return camera_from_volume of a match."""
        pose, view = self._pose, self._atlas.view
        per_px = view.field_mm / _TEMPLATE_PX * pose.range_mm / view.range_mm
        centre_mm = np.array([match.shift_px[0] * per_px, match.shift_px[1] * per_px, pose.range_mm])
        turned = pose.camera_from_canonical @ about_z(match.theta_rad)
        return pose_from_canonical(turned, self._atlas.rotation(match.index), centre_mm, view)

    def _seen(self, theta_rad: float) -> Float32:
        """Return one and a half fields of the frame, (96, 96), turned in the plane."""
        view = self._atlas.view
        turned = replace(self._pose, camera_from_canonical=self._pose.camera_from_canonical @ about_z(theta_rad))
        per_px = view.size_px / _TEMPLATE_PX
        first = (view.size_px - 1) / 2 - per_px * (_WIDE_PX - 1) / 2
        canonical_from_wide = np.array([[per_px, 0.0, first], [0.0, per_px, first], [0.0, 0.0, 1.0]])
        frame_from_wide = canonical_homography(self._camera, turned, view) @ canonical_from_wide
        return warp_picture(self._frame, frame_from_wide, _WIDE_PX)


def _badness(match: _Match) -> float:
    return -match.score


def _apart_deg(atlas: AbstractAtlas, one: _Match, other: _Match) -> float:
    """Return how far the views of two matches are apart, the larger of both angles, degrees."""
    (alpha, beta), (other_alpha, other_beta) = atlas.angles_of(one.index), atlas.angles_of(other.index)
    return degrees(max(abs(alpha - other_alpha), abs(beta - other_beta)))
