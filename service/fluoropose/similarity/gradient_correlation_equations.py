"""Equations for the residual of a pose from the gradient correlation of frame and view in a whole window.

`similarity.edge_equations` weighs every pixel by how well it fits the present pose, so that a crossing bone's rim
counts little. Where most of what a window shows is not the object, those weights choose what fits already, and the pose
stays where it was. Gradient correlation (`similarity.gradient`) weighs all pixels alike, and near the object it has one
place where it is largest. With f_d and m_d the derivatives of frame and view in direction d, down or along, smoothed as
there and less their means over the window, and u_d = m_d / |m_d|,

    correlation = (rho_1 + rho_2) / 2,    rho_d = f_d . u_d / |f_d|

One Gauss-Newton step for its maximum over the six parameters p solves

    information = s sum_d rho_d U_d U_d^T,    vector = s sum_d U_d f_d / |f_d|,    U_d = du_d / dp

with s what makes the information that of independent pixels of like noise: their number times rho / (1 - rho^2). The
frame keeps its own pixels, since to interpolate it moves that place; x, y, z and theta move the view there as the
homography from the canonical view says. `correlation_equations` is compiled
(`similarity.gradient_correlation_kernels`); `correlation_equations_twin` is the slow, clear twin. Lengths in mm, angles
in rad.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.geometry.canonical import CanonicalView
from fluoropose.imaging.filters import blur, blur_twin
from fluoropose.similarity.gradient_correlation_kernels import (
    HALO,
    TAPS,
    correlation_inside,
    gather_correlation_equations,
    motion_derivatives,
    show_line_integrals,
    show_with_derivatives,
)

__all__ = [
    "CorrelationEquations",
    "WindowView",
    "correlation_equations",
    "correlation_equations_twin",
    "window_correlation",
]

_MOST = 0.999
"""No pictures are believed to correlate better than this."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowView:
    """What an object shows in a window of a frame, with `HALO` pixels more on each side.

    `lines` (rows, columns) are line integrals, `turns` (2, rows, columns) how they change with alpha and beta, per rad;
    `frame_from_canonical_px` is the pose's homography to the window's pixels.
    """

    lines: Float32
    turns: Float32
    frame_from_canonical_px: Mat33


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationEquations:
    """`information` (6, 6) and `vector` (6,) per mm and rad for x, y, z, theta, alpha, beta from the pose on.

    Alpha and beta are the grid's. `correlation` is that of frame and view, -1 to 1. Information is that of independent
    pixels.
    """

    information: Float64
    vector: Float64
    correlation: float


def correlation_equations(
    frame: Float32, view: WindowView, canonical: CanonicalView, floor: float
) -> CorrelationEquations:
    """Return the equations about one pose.

    Parameters
    ----------
    frame : the window's line integrals through `filters.blur` with `TAPS`, float32 (rows, columns)
    view : what the object shows there
    canonical : the canonical view that the residual is counted in
    floor : scatter as a share of the open beam
    """
    shown, pictures = np.empty((3, *frame.shape), np.float32), np.empty((8, *frame.shape), np.float32)
    show_with_derivatives(view.lines, view.turns, floor, shown)
    homography = np.ascontiguousarray(view.frame_from_canonical_px, np.float64)
    pictures[0], pictures[1], pictures[6], pictures[7] = frame, *(blur(image, TAPS) for image in shown)
    motion_derivatives(
        pictures[1], homography, np.linalg.inv(homography), (canonical.size_px - 1) / 2,
        canonical.field_mm / canonical.size_px, canonical.range_mm, pictures[2:6],
    )  # fmt: skip
    found = gather_correlation_equations(pictures)
    return _scale_information(found[:, :6], found[:, 6], float(found[1, 7]), int(found[0, 7]))


def window_correlation(frame: Float32, lines: Float32, floor: float) -> float:
    """Return the correlation of `correlation_equations` alone: of a smoothed frame and line integrals."""
    shown = np.empty_like(lines)
    show_line_integrals(lines, floor, shown)
    return float(correlation_inside(frame, blur(shown, TAPS)))


def correlation_equations_twin(
    frame: Float32, view: WindowView, canonical: CanonicalView, floor: float
) -> CorrelationEquations:
    """Return what `correlation_equations` returns, in plain NumPy: its specification."""
    passed = np.exp(-view.lines.astype(np.float64))
    turns = [passed / (passed + floor) * turn for turn in view.turns]
    seen = frame.astype(np.float64)
    shown, *turned = (blur_twin(image, TAPS) for image in (-np.log(passed + floor), *turns))
    down, along = np.gradient(shown)
    v, u = np.mgrid[0 : frame.shape[0], 0 : frame.shape[1]].astype(np.float64)
    h = view.frame_from_canonical_px
    x, y, w = np.einsum("ij,jvu->ivu", np.linalg.inv(h), np.stack([u, v, np.ones_like(u)]))
    x, y = x / w, y / w
    per = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    by_x, by_y = ((along * (h[0, n] - u * h[2, n]) + down * (h[1, n] - v * h[2, n])) / per for n in range(2))
    x, y = x - (canonical.size_px - 1) / 2, y - (canonical.size_px - 1) / 2
    pixel_mm = canonical.field_mm / canonical.size_px
    changes = (
        -by_x / pixel_mm, -by_y / pixel_mm, (x * by_x + y * by_y) / canonical.range_mm, y * by_x - x * by_y, *turned
    )  # fmt: skip
    window = (slice(HALO, -HALO), slice(HALO, -HALO))
    information, vector, correlations = np.zeros((6, 6)), np.zeros(6), []
    for axis in range(2):
        here, there, *rest = (_centred(np.gradient(image, axis=axis)[window]) for image in (seen, shown, *changes))
        moved, length, strength = np.stack(rest), np.linalg.norm(there), np.linalg.norm(here)
        unit = there / length
        rho = float(here @ unit / strength)
        turned_unit = (moved - np.outer(moved @ unit, unit)) / length
        information += max(rho, 1e-3) * turned_unit @ turned_unit.T
        vector += turned_unit @ here / strength
        correlations.append(rho)
    return _scale_information(information, vector, float(np.mean(correlations)), here.size)


def _scale_information(information: Float64, vector: Float64, correlation: float, count: int) -> CorrelationEquations:
    believed = min(max(correlation, 1e-3), _MOST)
    scale = count * believed / (1.0 - believed**2)
    return CorrelationEquations(scale * information, scale * vector, correlation)


def _centred(values: Float64) -> Float64:
    return np.asarray((values - values.mean()).ravel(), np.float64)
