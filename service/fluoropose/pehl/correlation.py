"""Equations for the residual of a pose from the gradient correlation of frame and cached view in the whole window.

`pehl.edges` weighs every pixel by how well it fits the pose that is looked with, which keeps a crossing bone's rim out
of it. Where most of what a window shows is not the object, those weights choose what fits already, and the pose stays
where it was begun. Gradient correlation (`similarity.gradient`) weighs all pixels alike, and near the object it has one
place where it is largest. With f_d and m_d the derivatives of frame and view in direction d, down or along, less their
means over the window, and u_d = m_d / |m_d|,

    correlation = (rho_1 + rho_2) / 2,    rho_d = f_d . u_d / |f_d|

One Gauss-Newton step for its maximum over the six parameters p solves

    information = s sum_d rho_d U_d U_d^T,    vector = s sum_d U_d f_d / |f_d|,    U_d = du_d / dp

with s what makes the information that of independent pixels of like noise: their number times rho / (1 - rho^2). It is
taken on pictures finer than the cached ones, which are interpolated: how wide a bone is tells its depth.
`correlation_equations` is compiled (`pehl.correlation_kernels`); `correlation_equations_twin` is the slow, clear twin.
Images are (size, size), lengths in mm, angles in rad.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.pehl.correlation_kernels import correlated, finer
from fluoropose.pehl.edges import Turn, moves_twin, pictures_seen, pictures_twin, slopes_twin, window_twin

__all__ = [
    "CorrelationEquations",
    "correlation_equations",
    "correlation_equations_twin",
    "finer_homography",
    "finer_twin",
    "finer_views",
]

_MOST = 0.999
"""No pictures are believed to correlate better than this."""


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationEquations:
    """`information` (6, 6) and `vector` (6,) per mm and rad for x, y, z, theta, alpha, beta from the pose on.

    `correlation` is that of frame and view, -1 to 1. Information is that of independent pixels.
    """

    information: Float64
    vector: Float64
    correlation: float


def correlation_equations(
    frame: Float32, homography: Mat33, views: Float32, turn: Turn, floor: float
) -> CorrelationEquations:
    """Return the equations of one look.

    Parameters
    ----------
    frame : line integrals, float32 (rows, columns)
    homography : canonical pixels to frame pixels
    views : the cached view and its neighbours up and down in alpha, then in beta, float32 (5, size, size)
    turn : as `edges.edge_equations` takes it, of these pixels
    floor : scatter as a share of what comes through beside the object
    """
    found = correlated(pictures_seen(frame, homography, views, turn, floor), turn.pixel_mm, turn.range_mm)
    return _scaled(found[:, :6], found[:, 6], float(found[1, 7]), int(found[0, 7]))


def finer_views(views: Float32, size_px: int) -> Float32:
    """Return pictures (n, size, size) interpolated to (n, size_px, size_px) of the same field."""
    return np.stack([finer(np.ascontiguousarray(view, np.float32), size_px) for view in views])


def finer_homography(homography: Mat33, size_px: int, finer_px: int) -> Mat33:
    """Return a homography from canonical pixels as one from those of a picture of the same field with `finer_px`."""
    share = size_px / finer_px
    return homography @ np.array([[share, 0.0, (share - 1) / 2], [0.0, share, (share - 1) / 2], [0.0, 0.0, 1.0]])


def correlation_equations_twin(
    frame: Float32, homography: Mat33, views: Float32, turn: Turn, floor: float
) -> CorrelationEquations:
    """Return what `correlation_equations` returns, in plain NumPy: its specification."""
    seen, shown, *changes = pictures_twin(frame, homography, views, turn, floor)
    f, m = slopes_twin(seen), slopes_twin(shown)
    change = np.stack([slopes_twin(image) for image in moves_twin(m, turn, *changes[:2])])
    window = window_twin(m)
    information, vector, correlations = np.zeros((6, 6)), np.zeros(6), []
    for axis in range(2):
        here, there, moved = (_centred(values[..., window]) for values in (f[axis], m[axis], change[:, axis]))
        unit, length = there / np.linalg.norm(there), np.linalg.norm(there)
        rho = float(here @ unit / np.linalg.norm(here))
        turned = (moved - np.outer(moved @ unit, unit)) / length
        information += max(rho, 1e-3) * turned @ turned.T
        vector += turned @ here / np.linalg.norm(here)
        correlations.append(rho)
    return _scaled(information, vector, float(np.mean(correlations)), int(window.sum()))


def finer_twin(image: Float32, size_px: int) -> Float64:
    """Return one picture of `finer_views`, from the definition: Keys, IEEE TASSP 29(6), 1981, with a = -1/2."""
    size = image.shape[0]
    places = (np.arange(size_px) + 0.5) * size / size_px - 0.5
    distance = np.abs(places[:, None] - np.arange(-4, size + 4))
    near, far = 1.5 * distance**3 - 2.5 * distance**2 + 1, -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    return np.asarray(weights @ np.pad(image.astype(np.float64), 4, mode="edge") @ weights.T, np.float64)


def _scaled(information: Float64, vector: Float64, correlation: float, count: int) -> CorrelationEquations:
    believed = min(max(correlation, 1e-3), _MOST)
    scale = count * believed / (1.0 - believed**2)
    return CorrelationEquations(scale * information, scale * vector, correlation)


def _centred(values: Float64) -> Float64:
    return np.asarray(values - values.mean(axis=-1, keepdims=True), np.float64)
