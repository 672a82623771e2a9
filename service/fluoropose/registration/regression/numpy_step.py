"""The whole step in plain NumPy: the specification of the ONNX step model, slow and clear. Lengths in mm, angles rad.

Warp the frame, fetch the cached view, normalise both, run the network layer by layer. Weights are the network's own
arrays under its own names (`stem.weight`, `blocks.0.down.weight`, ...); batch normalisation uses running statistics.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.imaging.attenuation import VIEW_FLOOR, saturate
from fluoropose.imaging.filters import block_mean, local_contrast, local_deviation, pool_blocks
from fluoropose.imaging.sampling import warp_frame
from fluoropose.registration.regression.step import AbstractStepper, Regression, solve_regression

__all__ = ["NumpyNetwork", "NumpyStepper"]

Weights = dict[str, Float32]
_NEIGHBOURS = 5
_BATCH_NORM_EPSILON = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class NumpyNetwork:
    """One stage: its weights, how much it pools first, how many blocks it has, mm or rad per scaled unit (6,).

    `per_step` is the atlas grid's (`AtlasGrid.per_step`).
    """

    weights: Weights
    pool: int
    blocks: int
    units: Float64
    per_step: float


class NumpyStepper(AbstractStepper):
    """Steps in NumPy; hundreds of times slower than ONNX Runtime."""

    def __init__(self, networks: dict[str, NumpyNetwork], pictures: NDArray[Any]) -> None:
        """Keep the networks by stage and the atlas's pictures (pictures, size, size)."""
        self._networks = networks
        self._pictures = pictures
        self._frames: Float32 = np.zeros((1, 2, 2), np.float32)

    def put_frames(self, line_integrals: Float32) -> None:
        """Keep the frames."""
        self._frames = line_integrals.astype(np.float16).astype(np.float32)

    def step(
        self, stage: str, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> Regression:
        """Run one stage on each look in turn."""
        seen = [
            _one(self._networks[stage], self._frames[frame], homography, self._pictures[indices].astype(np.float32))
            for homography, indices, frame in zip(homographies, view_index, frame_index, strict=True)
        ]
        information, vectors, presence = (np.stack(parts) for parts in zip(*seen, strict=True))
        return solve_regression(information, vectors, presence)

    def another(self) -> "NumpyStepper":
        """Return a stepper of the same networks and pictures with frames of its own."""
        return NumpyStepper(self._networks, self._pictures)


def _one(network: NumpyNetwork, frame: Float32, homography: Mat33, views: Float32) -> tuple[Float64, Float64, Float64]:
    """Return information (6, 6) and vector (6,) per mm and rad, and presence, of one look at its cached pictures."""
    weights = network.weights
    near = views[:1] + network.per_step * (views[:_NEIGHBOURS] - views[:1])
    warped = warp_frame(frame, homography, views.shape[1])
    x = _channels(warped, near, network.pool)
    around = views[_NEIGHBOURS] if len(views) > _NEIGHBOURS else np.zeros_like(views[0])
    x = np.concatenate([x, _among(views[0], around, network.pool)])
    x = _relu(_norm(_conv(x, weights["stem.weight"], 2, 2), weights, "stem_norm"))
    levels = []
    for n in range(network.blocks):
        name = f"blocks.{n}"
        x = _relu(_norm(_conv(x, weights[f"{name}.down.weight"], 2, 1), weights, f"{name}.down_norm"))
        same = _norm(_conv(x, weights[f"{name}.same.weight"], 1, 1), weights, f"{name}.same_norm")
        x = _relu(x + same)
        levels.append(x)
    read = _cells if "equations.weight" in weights else _whole
    information, vector, logit = read(levels, weights, network.pool * 4 / views.shape[1])
    presence = 1.0 / (1.0 + np.exp(-logit))
    return information / np.outer(network.units, network.units), vector / network.units, np.float64(presence)  # type: ignore[return-value]


def _cells(levels: list[Float32], weights: Weights, cell: float) -> tuple[Float64, Float64, Float64]:
    """Return information and vector of all cells' equations, scaled, and the logit of "it is there"."""
    y = _relu(_add_bias(levels[-1], weights, f"laterals.{len(levels) - 1}"))
    for n in reversed(range(len(levels) - 1)):
        y = _relu(_add_bias(levels[n], weights, f"laterals.{n}") + y.repeat(2, axis=1).repeat(2, axis=2))
    written = _add_bias(_relu(_add_bias(y, weights, "mix")), weights, "equations")
    hidden = _relu(_dense(_relu(_add_bias(levels[-1], weights, "squeeze")).ravel(), weights, "presence_hidden"))
    return *_equations(written, cell, np.exp(weights["log_prior"])), _dense(hidden, weights, "presence_head")[0]


def _whole(levels: list[Float32], weights: Weights, cell: float) -> tuple[Float64, Float64, Float64]:
    """Return information and vector of the six parameters read from the whole picture; `cell` is not needed."""
    x = _relu(_add_bias(levels[-1], weights, "squeeze")).ravel()
    in_plane = _relu(_dense(x, weights, "in_plane_hidden"))
    out_of_plane = _relu(_dense(x, weights, "out_of_plane_hidden"))
    both = np.concatenate([in_plane, out_of_plane])
    quality = _dense(_relu(_dense(both, weights, "quality_hidden")), weights, "quality_head")
    heads = [_dense(in_plane, weights, "in_plane_head"), _dense(out_of_plane, weights, "out_of_plane_head")]
    sure = np.exp(-2.0 * np.clip(quality[:6].astype(np.float64), -5.0, 4.0))
    return np.diag(sure), sure * np.concatenate(heads), quality[6]


def _channels(warped: Float32, views: Float32, pool: int) -> Float32:
    """Return frame and cached view by local contrast, the view as it is, and its change with alpha and beta."""
    cached = views[0]
    slope = np.exp(-cached) / (np.exp(-cached) + VIEW_FLOOR)
    turned = [pool_blocks(0.5 * (views[n] - views[n + 1]) * slope, pool) for n in (1, 3)]
    view = pool_blocks(saturate(cached), pool)
    shown = (view - view.mean()) / (view.std() + 1e-4)
    block = 8 // pool
    changes = [np.clip(change / local_deviation(view, block), -4.0, 4.0) for change in turned]
    return np.stack([local_contrast(pool_blocks(warped, pool), block), local_contrast(view, block), shown, *changes])


def _among(view: Float32, around: Float32, pool: int) -> Float32:
    """Return surroundings, and the view among them, less their local means and over the latter's local deviation."""
    block = 8 // pool
    alone, both = pool_blocks(around, pool), pool_blocks(around + view, pool)
    detail = (alone - block_mean(alone, block)) / local_deviation(both, block)
    return np.stack([np.clip(detail, -4.0, 4.0), local_contrast(both, block)])


def _equations(written: Float32, cell: float, prior: Float32) -> tuple[Float64, Float64]:
    """Return the sums of J J^T (plus the prior) and of J e over all cells; `cell` is a cell's share of the image."""
    nx, ny, a, b, e = np.split(written.astype(np.float64), 5)
    place = (np.arange(written.shape[1]) * 2.0 + 0.25) * cell - 1.0
    columns, rows = place[None, None, :], place[None, :, None]
    # A unit of x or y is 4 % of half the field, of z a 2 % smaller picture, of theta 0.05 rad: hence 1/2 and 5/4.
    j = np.stack([nx, ny, -0.5 * (nx * columns + ny * rows), 1.25 * (ny * columns - nx * rows), a, b]).reshape(6, -1)
    return j @ j.T + np.diag(prior), j @ e.ravel()


def _add_bias(x: Float32, weights: Weights, name: str) -> Float32:
    """Return a convolution that keeps the size, with its bias."""
    kernel = weights[f"{name}.weight"]
    return np.asarray(_conv(x, kernel, 1, kernel.shape[2] // 2) + weights[f"{name}.bias"][:, None, None])


def _conv(x: Float32, kernel: Float32, stride: int, padding: int) -> Float32:
    """Correlate (inputs, rows, columns) with kernel (outputs, inputs, k, k)."""
    size = kernel.shape[2]
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    return np.asarray(np.einsum("irckl,oikl->orc", windows, kernel, optimize=True))


def _norm(x: Float32, weights: Weights, name: str) -> Float32:
    scale = weights[f"{name}.weight"] / np.sqrt(weights[f"{name}.running_var"] + _BATCH_NORM_EPSILON)
    shift = weights[f"{name}.bias"] - weights[f"{name}.running_mean"] * scale
    return np.asarray(x * scale[:, None, None] + shift[:, None, None])


def _dense(x: Float32, weights: Weights, name: str) -> Float32:
    return np.asarray(weights[f"{name}.weight"] @ x + weights[f"{name}.bias"])


def _relu(x: Float32) -> Float32:
    return np.maximum(x, 0.0)
