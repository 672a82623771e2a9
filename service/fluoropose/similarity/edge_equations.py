"""Equations for the residual of a pose from the edges of a frame and a cached view. Nothing in them is learnt.

They are the derivative of a gradient correlation (`similarity.gradient`). In the canonical view of a pose, f are the
derivatives of the frame's line integrals and m(p) those of the cached view, turned by what is left of the two angles (a
parabola through the view and its neighbours) and shown as a detector would: hardened, blurred over a pixel, with a
floor of scatter that is fitted too. Then

    f = A m(p) + what is not the object

A, the contrast, is the best one in the neighbourhood of each pixel, because tissue and scatter differ from place to
place. A pixel that fits badly counts little, for example at the rim of a crossing bone: badly beside the other pixels
(Tukey's biweight), and badly beside what the view itself shows there. One Gauss-Newton step for p, over the pixels of
the view's edges, is

    information = sum w J J^T,    vector = sum w J (f - A m)

with J the part of A dm/dp that no other contrast would explain. `edge_equations` is compiled
(`similarity.edge_kernels`); `edge_equations_twin` is the slow, clear twin. Images are (size, size), lengths in mm,
angles in rad.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from fluoropose.arrays import Bool, Float32, Float64, Mat33
from fluoropose.imaging.filters import block_mean, blur_twin, gradients_twin
from fluoropose.imaging.sampling import warp_frame
from fluoropose.similarity.edge_drawing import (
    CONTRAST,
    DETECTOR_BLUR,
    HARDENING,
    PAD,
    draw_edge_pictures,
    object_box,
)
from fluoropose.similarity.edge_kernels import (
    EVEN,
    LEAST_CONTRAST,
    LEAST_VARIANCE,
    MEDIAN_OF_SQUARES,
    OWN,
    REJECT,
    ROUNDS,
    gather_equations,
)
from fluoropose.similarity.edge_places import BLOCK, EDGE_SHARE, RIM, find_edges, used_places
from fluoropose.similarity.gradient import gradient_correlation
from fluoropose.similarity.gradient_correlation_kernels import MARGIN, correlation_around
from fluoropose.similarity.hidden_part import hidden_part

__all__ = [
    "EdgeEquations",
    "Turn",
    "central_differences_twin",
    "edge_equations",
    "edge_equations_twin",
    "edge_pictures",
    "edge_pictures_twin",
    "motion_derivatives_twin",
    "window_twin",
]


@dataclass(frozen=True, slots=True)
class Turn:
    """How far the pose is turned from the cached view, in steps of the grid, and what a step and a pixel are.

    `step_rad` and `pixel_mm`; `range_mm` is the canonical view's.
    """

    alpha_steps: float
    beta_steps: float
    step_rad: float
    pixel_mm: float
    range_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class EdgeEquations:
    """`information` (7, 7) and `vector` (7,) per mm and rad for x, y, z, theta, alpha, beta from the pose on.

    The seventh is the logarithm of the floor.
    `agreement` is the weighted correlation of f and A m, -1 to 1, `overall` tells, when it is asked, that of all pixels
    of the window (`similarity.gradient_correlation_kernels`). Information is that of independent pixels. `contrast` is
    the one A that fits all edges best.
    """

    information: Float64
    vector: Float64
    agreement: float
    overall: Callable[[], float]
    contrast: float


def edge_equations(
    frame: Float32,
    homography: Mat33,
    views: Float32,
    turn: Turn,
    floor: float,
    detector: Float32 = DETECTOR_BLUR,
    unused: Float32 | None = None,
) -> EdgeEquations:
    """Return the equations about one pose.

    Parameters
    ----------
    frame : line integrals, float32 (rows, columns)
    homography : canonical pixels to frame pixels
    views : the cached view and its neighbours up and down in alpha, then in beta, float32 (5, size, size)
    floor : scatter as a share of what comes through beside the object
    detector : weights of the detector's blur, from the middle on
    unused : (rows, columns), over 0 where the frame is not compared; None compares it everywhere within its border
    """
    pictures, corner = edge_pictures(frame, homography, views, turn, floor, detector)
    size, places = views.shape[1], find_edges(pictures[1])
    away = hidden_part(frame.shape, unused, homography, (*corner, *pictures.shape[1:3]))
    if away is not None:
        places = used_places(places, away)
    found = gather_equations(pictures, places, corner, size, turn.pixel_mm, turn.range_mm)
    overall = partial(correlation_around, pictures[0], pictures[1], places, int(MARGIN * size))
    return EdgeEquations(found[:, :7].copy(), found[:, 7].copy(), float(found[0, 8]), overall, float(found[1, 8]))


def edge_pictures(
    frame: Float32, homography: Mat33, views: Float32, turn: Turn, floor: float, detector: Float32 = DETECTOR_BLUR
) -> tuple[Float32, tuple[int, int]]:
    """Return a part of what `edge_pictures_twin` returns, compiled, and the part's first row and column.

    The part, float32 (5, rows, columns), holds all of the view's edges with a margin.
    """
    top, left, rows, columns = object_box(views, PAD)
    pictures = np.empty((5, rows, columns), np.float32)
    given, at = np.ascontiguousarray(frame, np.float32), (top, left)
    steps = turn.alpha_steps, turn.beta_steps, turn.step_rad
    draw_edge_pictures(given, homography, views, at, *steps, floor, detector, pictures)
    return pictures, at


def edge_equations_twin(
    frame: Float32,
    homography: Mat33,
    views: Float32,
    turn: Turn,
    floor: float,
    detector: Float32 = DETECTOR_BLUR,
    unused: Float32 | None = None,
) -> EdgeEquations:
    """Return what `edge_equations` returns, in plain NumPy: its specification."""
    seen, shown, *changes = edge_pictures_twin(frame, homography, views, turn, floor, detector)
    f, m = central_differences_twin(seen), central_differences_twin(shown)
    change = np.stack([central_differences_twin(image) for image in motion_derivatives_twin(m, turn, *changes)])
    edges = _edge_mask_twin(m)
    hidden = np.pad(_hidden_twin(frame.shape, homography, views.shape[1], unused), 1, mode="edge")
    edges &= ~(hidden[1:-1, 1:-1] | hidden[:-2, 1:-1] | hidden[2:, 1:-1] | hidden[1:-1, :-2] | hidden[1:-1, 2:])
    weight = edges.astype(np.float64)
    for _ in range(ROUNDS):
        power, common = weight * (m * m).sum(0), weight * (f * m).sum(0)
        even, whole = EVEN * power.mean(), max(common.sum() / power.sum(), 1e-3)
        below = block_mean(power, BLOCK) + even
        contrast = np.maximum((block_mean(common, BLOCK) + even * whole) / below, LEAST_CONTRAST * whole)
        rest = f - contrast * m
        misfit = (rest * rest).sum(0)
        reach = REJECT**2 * np.median(misfit[edges]) / MEDIAN_OF_SQUARES + LEAST_VARIANCE
        beside = np.divide(misfit, OWN * contrast**2 * (m * m).sum(0), out=np.zeros_like(misfit), where=edges)
        weight = np.where(edges, np.maximum(1.0 - misfit / reach, 0.0) ** 2 / (1.0 + beside), 0.0)
    shares = [block_mean(weight * (item * m).sum(0), BLOCK) / below for item in change]
    jacobian = np.stack([contrast * (item - m * share) for item, share in zip(change, shares, strict=True)])
    variance = (weight * misfit).sum() / (2.0 * weight.sum()) + LEAST_VARIANCE
    weighted = jacobian * weight / variance
    strengths = (weight * f * f).sum() * (weight * (contrast * m) ** 2).sum()
    return EdgeEquations(
        np.einsum("pcvu,qcvu->pq", weighted, jacobian),
        np.einsum("pcvu,cvu->p", weighted, rest),
        float((weight * f * contrast * m).sum() / np.sqrt(strengths + 1e-30)),
        lambda: gradient_correlation((f[0], f[1]), (m[0], m[1]), window_twin(m)),
        float(whole),
    )


def _hidden_twin(shape: tuple[int, ...], homography: Mat33, size: int, unused: Float32 | None) -> Bool:
    """Return the mask of the canonical pixels beyond the frame's border, or where it is not compared."""
    rows, columns = shape
    v, u = np.mgrid[0:size, 0:size]
    x, y, w = np.einsum("ij,jvu->ivu", homography, np.stack([u, v, np.ones_like(u)]).astype(np.float64))
    outside = np.asarray((x / w < -0.5) | (x / w > columns - 0.5) | (y / w < -0.5) | (y / w > rows - 0.5))
    if unused is None:
        return outside
    to_unit = np.array([[2.0 / (columns - 1), 0.0, -1.0], [0.0, 2.0 / (rows - 1), -1.0], [0.0, 0.0, 1.0]])
    return np.asarray(outside | (warp_frame(unused, to_unit @ homography, size) > 0.0))


def edge_pictures_twin(
    frame: Float32, homography: Mat33, views: Float32, turn: Turn, floor: float, detector: Float32 = DETECTOR_BLUR
) -> tuple[Float64, ...]:
    """Return the frame in the canonical view, the view as shown, and its changes with alpha, beta, and the floor."""
    rows, columns = frame.shape
    to_unit = np.array([[2.0 / (columns - 1), 0.0, -1.0], [0.0, 2.0 / (rows - 1), -1.0], [0.0, 0.0, 1.0]])
    seen = warp_frame(frame, to_unit @ homography, views.shape[1])
    return seen, *_show_twin(views.astype(np.float64), turn, floor, detector)


def motion_derivatives_twin(slopes: Float64, turn: Turn, *changes: Float64) -> tuple[Float64, ...]:
    """Return how a picture of so steep `slopes` changes with x, y, z, theta and, as given, with what else."""
    down, along = slopes
    size = down.shape[0]
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    return (
        -along / turn.pixel_mm, -down / turn.pixel_mm,
        (x * along + y * down) / turn.range_mm, y * along - x * down, *changes,
    )  # fmt: skip


def window_twin(slopes: Float64) -> Bool:
    """Return the mask of the box around a picture's edges, with a margin, from its slopes."""
    size = slopes.shape[1]
    edges = np.argwhere(_edge_mask_twin(slopes))
    low = np.maximum(edges.min(axis=0) - int(MARGIN * size), RIM)
    high = np.minimum(edges.max(axis=0) + int(MARGIN * size), size - 1 - RIM)
    window = np.zeros((size, size), bool)
    window[low[0] : high[0] + 1, low[1] : high[1] + 1] = True
    return window


def _edge_mask_twin(slopes: Float64) -> Bool:
    """Return the mask of a picture's edges, from its slopes."""
    steepness = np.hypot(*slopes)
    inside = np.zeros(steepness.shape, bool)
    inside[RIM:-RIM, RIM:-RIM] = True
    return np.asarray((steepness > EDGE_SHARE * steepness[inside].max()) & inside, bool)


def _show_twin(views: Float64, turn: Turn, floor: float, detector: Float32) -> tuple[Float64, ...]:
    """Return the turned view as shown and its changes with alpha and beta, per rad, and with the floor's logarithm."""
    middle, up, down, right, left = views
    a, b = turn.alpha_steps, turn.beta_steps
    a1, a2, b1, b2 = (up - down) / 2, (up + down) / 2 - middle, (right - left) / 2, (right + left) / 2 - middle
    lines = np.maximum(middle + a * a1 + a * a * a2 + b * b1 + b * b * b2, 0.0)
    passed = np.exp(-CONTRAST * lines / np.sqrt(1.0 + HARDENING * lines))
    slope = passed * CONTRAST * (1.0 + 0.5 * HARDENING * lines) / (1.0 + HARDENING * lines) ** 1.5
    signal = blur_twin(passed, detector) + floor
    turned = (slope * (a1 + 2 * a * a2) / turn.step_rad, slope * (b1 + 2 * b * b2) / turn.step_rad)
    return (
        -np.log(signal),
        blur_twin(turned[0], detector) / signal,
        blur_twin(turned[1], detector) / signal,
        -floor / signal,
    )


def central_differences_twin(image: Float64) -> Float64:
    """Return the central differences down and along, (2, size, size); 0 at the border."""
    out = gradients_twin(image)
    out[0, [0, -1]] = out[1, :, [0, -1]] = 0.0
    return out
