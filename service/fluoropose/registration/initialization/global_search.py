"""A search for the object without a start: cached views, turned and scaled, are correlated with the whole frame.

The best matches become starts. The caller registers from each and keeps the surest. Angles in rad unless named
otherwise, lengths in mm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import map_coordinates

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.atlas import AbstractAtlas
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import pose_from_canonical
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import about_z, angle_between, smallest_rotation
from fluoropose.imaging.filters import local_contrast
from fluoropose.registration.initialization.view_contrast import view_contrast

__all__ = ["SearchGrid", "SearchTemplates", "candidate_poses"]

_BLOCK_PX = 8
"""Side of a neighbourhood of local contrast in a template of full size: a quarter of it."""

_MOST_ALIKE, _ALIKE_RAD = 2, np.deg2rad(20.0)
"""No more candidates than that lie within this angle of another one and within 15 % of the field."""

_AROUND_PX = 2
"""How far a match at half size may move at full size."""


@dataclass(frozen=True, slots=True)
class SearchGrid:
    """How densely to search: the template's side in pixels, steps in degrees, ranges as shares of nominal.

    All templates are compared at half their size; the `compared` best of them are at full size, and `keep` are kept.
    """

    template_px: int = 32
    out_of_plane_step_deg: float = 12.0
    theta_step_deg: float = 15.0
    range_shares: tuple[float, ...] = (0.92, 1.0, 1.08)
    compared: int = 160
    keep: int = 10

    @property
    def small_px(self) -> int:
        """The side of a template at half its size."""
        return self.template_px // 2


@dataclass(frozen=True, slots=True)
class _Look:
    """A cached view, turned by `theta_rad` in the plane and seen from `share` times the nominal range."""

    view: int
    theta_rad: float
    share: float


class SearchTemplates:
    """The templates of an atlas: all looks at half size, (n, small_px ** 2), and those at full size that were needed.

    They are made at the first search and kept: 4 MB, and 4 kB for each look that was among the best.
    """

    def __init__(self, grid: SearchGrid = SearchGrid()) -> None:
        self.grid = grid
        self._looks: list[_Look] = []
        self._small: Float32 | None = None
        self._large: dict[int, Float32] = {}

    def small(self, atlas: AbstractAtlas) -> tuple[list[_Look], Float32]:
        """Return the looks and their templates at half size."""
        if self._small is None:
            grid = self.grid
            thetas = np.deg2rad(np.arange(-180.0, 180.0, grid.theta_step_deg))
            looks, rows = [], []
            for view in atlas.expected_views(grid.out_of_plane_step_deg):
                template = view_contrast(atlas.line_integrals(view)[0], grid.small_px, grid.small_px // 4)
                for share in grid.range_shares:
                    looks += [_Look(view, float(theta), share) for theta in thetas]
                    rows += [_turn_template(template, theta, share).ravel() for theta in thetas]
            self._looks, self._small = looks, np.asarray(rows, np.float32)
        return self._looks, self._small

    def large(self, atlas: AbstractAtlas, number: int) -> Float32:
        """Return the template of a look at full size."""
        if number not in self._large:
            look, side = self._looks[number], self.grid.template_px
            template = view_contrast(atlas.line_integrals(look.view)[0], side, side // 4)
            self._large[number] = np.asarray(_turn_template(template, look.theta_rad, look.share), np.float32)
        return self._large[number]


def candidate_poses(frame: Float32, camera: Camera, atlas: AbstractAtlas, templates: SearchTemplates) -> list[Mat44]:
    """Return likely poses, the best match first.

    Parameters
    ----------
    frame : float32 (rows, columns)
        Line integrals as the steppers get them; `camera` is that frame's.
    templates : those of the atlas
    """
    grid = templates.grid
    zoom = grid.template_px * camera.focal_px * atlas.view.field_mm / atlas.view.range_mm
    per_px = zoom / grid.template_px / grid.template_px
    looks, small = templates.small(atlas)
    # Templates may stick out of the frame by half their size on each side.
    margin = grid.small_px // 2
    windows = _windows(np.pad(_shrink(frame, 2.0 * per_px, _BLOCK_PX // 2), margin), grid.small_px)
    scores = windows.reshape(-1, grid.small_px**2) @ small.T
    places = scores.argmax(axis=0)
    best = scores[places, np.arange(len(looks))]
    search = np.pad(_shrink(frame, per_px, _BLOCK_PX), grid.small_px + _AROUND_PX)
    matches: list[tuple[float, int, int, int]] = []
    for number in np.argsort(-best)[: grid.compared]:
        # In the padded frame at full size the same place lies here; it may move by `_AROUND_PX` each way.
        row, column = (2 * int(place) for place in divmod(int(places[number]), windows.shape[1]))
        side = grid.template_px + 2 * _AROUND_PX
        about = _windows(search[row : row + side, column : column + side], grid.template_px)
        finer = np.einsum("rcvu,vu->rc", about, templates.large(atlas, int(number)))
        down, along = divmod(int(finer.argmax()), finer.shape[1])
        corner = (row + down - _AROUND_PX - grid.small_px, column + along - _AROUND_PX - grid.small_px)
        matches.append((float(finer.max()), int(number), *corner))
    matches.sort(reverse=True)
    half = (grid.template_px - 1) / 2
    poses: list[Mat44] = []
    for _, number, row, column in matches:
        centre_px = (np.array([column + half, row + half]) + 0.5) * per_px - 0.5
        pose = _pose(centre_px, looks[number], camera, atlas)
        if sum(_is_alike(pose, other, atlas) for other in poses) < _MOST_ALIKE:
            poses.append(pose)
        if len(poses) == grid.keep:
            break
    return poses


def _is_alike(pose: Mat44, other: Mat44, atlas: AbstractAtlas) -> bool:
    """Tell whether the networks would come to the same end from two candidates."""
    centre_mm = atlas.view.centre_mm
    apart_mm = np.linalg.norm((transform(pose, centre_mm) - transform(other, centre_mm))[:2])
    return bool(apart_mm < 0.15 * atlas.view.field_mm and angle_between(pose[:3, :3], other[:3, :3]) < _ALIKE_RAD)


def _windows(image: Float32, side: int) -> Float32:
    """Return the square parts of an image, (rows, columns, side, side), at every place."""
    return np.ascontiguousarray(sliding_window_view(image, (side, side)))


def _shrink(frame: Float32, per_px: float, block: int) -> Float32:
    """Return the frame's local contrast on a grid `per_px` coarser, sides multiples of `block`."""
    rows, columns = (max(2 * block, int(n / per_px) // block * block) for n in frame.shape)
    whole = max(1, round(per_px))
    binned = frame[: frame.shape[0] // whole * whole, : frame.shape[1] // whole * whole]
    binned = binned.reshape(frame.shape[0] // whole, whole, frame.shape[1] // whole, whole).mean(axis=(1, 3))
    v, u = np.mgrid[0:rows, 0:columns].astype(np.float64)
    at = [((v + 0.5) * per_px - 0.5 + 0.5) / whole - 0.5, ((u + 0.5) * per_px - 0.5 + 0.5) / whole - 0.5]
    small = np.asarray(map_coordinates(binned, at, order=1, mode="nearest"), np.float32)
    return local_contrast(small, block)


def _turn_template(template: Float32, theta: float, share: float) -> Float64:
    """Return the template turned by theta and seen from `share` times the range, zero mean and unit length."""
    half = (template.shape[0] - 1) / 2
    v, u = np.mgrid[0 : template.shape[0], 0 : template.shape[1]] - half
    c, s = np.cos(theta) * share, np.sin(theta) * share
    turned = map_coordinates(template, [c * v - s * u + half, s * v + c * u + half], order=1, cval=0.0)
    turned = turned - turned.mean()
    return np.asarray(turned / (np.linalg.norm(turned) + 1e-6))


def _pose(centre_px: Float64, look: _Look, camera: Camera, atlas: AbstractAtlas) -> Mat44:
    ray = np.linalg.solve(camera.intrinsic_matrix, np.array([centre_px[0], centre_px[1], 1.0]))
    camera_from_canonical = smallest_rotation(ray) @ about_z(look.theta_rad)
    centre_mm = np.array([0.0, 0.0, atlas.view.range_mm * look.share])
    return pose_from_canonical(camera_from_canonical, atlas.rotation(look.view), centre_mm, atlas.view)
