"""Equations for the residual of a pose from the gradient correlation of frame and rendered view in a whole window.

`pehl.edges` weighs every pixel by how well it fits the pose that is looked with, which keeps a crossing bone's rim out
of it. Where most of what a window shows is not the object, those weights choose what fits already, and the pose stays
where it was begun. Gradient correlation (`similarity.gradient`) weighs all pixels alike, and near the object it has one
place where it is largest. With f_d and m_d the derivatives of frame and view in direction d, down or along, smoothed as
there and less their means over the window, and u_d = m_d / |m_d|,

    correlation = (rho_1 + rho_2) / 2,    rho_d = f_d . u_d / |f_d|

One Gauss-Newton step for its maximum over the six parameters p solves

    information = s sum_d rho_d U_d U_d^T,    vector = s sum_d U_d f_d / |f_d|,    U_d = du_d / dp

with s what makes the information that of independent pixels of like noise: their number times rho / (1 - rho^2). It is
taken on finer pixels than the cached views have, of a view that is rendered at the pose: how wide a bone is tells its
depth. Only how it changes with the two angles is cached. `correlation_equations` is compiled
(`pehl.correlation_kernels`); `correlation_equations_twin` is the slow, clear twin. Lengths in mm, angles in rad.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.pehl.correlation_kernels import HALO, SMOOTH, TAPS, close_pictures, correlated
from fluoropose.pehl.numpy_step import bilinear

__all__ = ["CloseView", "CorrelationEquations", "correlation_equations", "correlation_equations_twin"]

_MOST = 0.999
"""No pictures are believed to correlate better than this."""


@dataclass(frozen=True, slots=True, eq=False)
class CloseView:
    """A window of a view that is finer than the cached ones, rendered at the pose or nearly so.

    `lines` (rows, columns) are its line integrals, `alpha_rad` and `beta_rad` before the pose, with `HALO` pixels more
    than the window on each side; its first pixel is column `left` and row `top` of a view of `size_px` pixels each way,
    each `pixel_mm` wide, at `range_mm`. `turns` (2, size, size) is how the cached view of the same field changes with
    alpha and beta, per rad.
    """

    lines: Float32
    turns: Float32
    left: int
    top: int
    size_px: int
    pixel_mm: float
    range_mm: float
    alpha_rad: float = 0.0
    beta_rad: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationEquations:
    """`information` (6, 6) and `vector` (6,) per mm and rad for x, y, z, theta, alpha, beta from the pose on.

    `correlation` is that of frame and view, -1 to 1. Information is that of independent pixels.
    """

    information: Float64
    vector: Float64
    correlation: float


def correlation_equations(frame: Float32, homography: Mat33, view: CloseView, floor: float) -> CorrelationEquations:
    """Return the equations of one look.

    Parameters
    ----------
    frame : line integrals, float32 (rows, columns)
    homography : pixels of the view of `size_px` to frame pixels
    view : what the object shows at the pose
    floor : scatter as a share of what comes through beside the object
    """
    pictures = np.empty((4, *view.lines.shape), np.float32)
    given = np.ascontiguousarray(frame, np.float32)
    place = view.left, view.top, view.size_px
    close_pictures(given, homography, view.lines, view.turns, view.alpha_rad, view.beta_rad, *place, floor, pictures)
    found = correlated(pictures, *place, view.pixel_mm, view.range_mm)
    return _scaled(found[:, :6], found[:, 6], float(found[1, 7]), int(found[0, 7]))


def correlation_equations_twin(
    frame: Float32, homography: Mat33, view: CloseView, floor: float
) -> CorrelationEquations:
    """Return what `correlation_equations` returns, in plain NumPy: its specification."""
    seen, shown, *turns = (_smoothed_twin(picture) for picture in _pictures_twin(frame, homography, view, floor))
    rows, columns = view.lines.shape
    middle = (view.size_px - 1) / 2
    y, x = np.meshgrid(np.arange(rows) + view.top - middle, np.arange(columns) + view.left - middle, indexing="ij")
    down, along = np.gradient(shown)
    changes = (
        -along / view.pixel_mm, -down / view.pixel_mm,
        (x * along + y * down) / view.range_mm, y * along - x * down, *turns,
    )  # fmt: skip
    window = (slice(HALO, rows - HALO), slice(HALO, columns - HALO))
    information, vector, correlations = np.zeros((6, 6)), np.zeros(6), []
    for axis in range(2):
        here, there, *rest = (_centred(np.gradient(image, axis=axis)[window]) for image in (seen, shown, *changes))
        moved, length = np.stack(rest), np.linalg.norm(there)
        unit, strength = there / length, np.linalg.norm(here)
        rho = float(here @ unit / strength)
        turned = (moved - np.outer(moved @ unit, unit)) / length
        information += max(rho, 1e-3) * turned @ turned.T
        vector += turned @ here / strength
        correlations.append(rho)
    return _scaled(information, vector, float(np.mean(correlations)), here.size)


def _pictures_twin(frame: Float32, homography: Mat33, view: CloseView, floor: float) -> tuple[Float64, ...]:
    """Return the frame in the window, the view as shown and its changes with alpha and beta."""
    v, u = np.mgrid[0 : view.lines.shape[0], 0 : view.lines.shape[1]].astype(np.float64)
    v, u = v + view.top, u + view.left
    x, y, w = np.einsum("ij,jvu->ivu", homography, np.stack([u, v, np.ones_like(u)]))
    share = view.turns.shape[1] / view.size_px
    coarse = (share * (u + 0.5) - 0.5, share * (v + 0.5) - 0.5)
    turns = [bilinear(turn, *coarse) for turn in view.turns]
    passed = np.exp(-np.maximum(view.lines + view.alpha_rad * turns[0] + view.beta_rad * turns[1], 0.0))
    shown = -np.log(passed + floor)
    return bilinear(frame, x / w, y / w), shown, *(passed / (passed + floor) * turn for turn in turns)


def _smoothed_twin(image: Float64) -> Float64:
    taps = np.array([*TAPS[:0:-1], *TAPS], np.float64)
    rows = np.apply_along_axis(np.convolve, 0, np.pad(image, SMOOTH, mode="edge"), taps, "valid")
    return np.asarray(np.apply_along_axis(np.convolve, 1, rows, taps, "valid"), np.float64)


def _scaled(information: Float64, vector: Float64, correlation: float, count: int) -> CorrelationEquations:
    believed = min(max(correlation, 1e-3), _MOST)
    scale = count * believed / (1.0 - believed**2)
    return CorrelationEquations(scale * information, scale * vector, correlation)


def _centred(values: Float64) -> Float64:
    return np.asarray((values - values.mean()).ravel(), np.float64)
