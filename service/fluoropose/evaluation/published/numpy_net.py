"""The paper's network in plain NumPy: the specification of the exported model, slow and clear.

Weights are the torch module's own arrays under its own names (`first.weight`, `patch.bias`, ...).
"""

import numpy as np

from fluoropose.arrays import Float32, Float64

__all__ = ["local_network"]


def local_network(weights: dict[str, Float32], residuals: Float32) -> Float64:
    """Return the update (outputs,) for residuals (n, size, size)."""
    joined = []
    for patch in residuals:
        x = _pool(_conv(patch[None], weights["first.weight"], weights["first.bias"]))
        x = _pool(_conv(x, weights["second.weight"], weights["second.bias"]))
        joined.append(np.maximum(weights["patch.weight"] @ x.ravel() + weights["patch.bias"], 0.0))
    hidden = np.maximum(weights["joint.weight"] @ np.concatenate(joined) + weights["joint.bias"], 0.0)
    return np.asarray((weights["output.weight"] @ hidden + weights["output.bias"]) * weights["units"], np.float64)


def _conv(x: Float32, kernel: Float32, bias: Float32) -> Float32:
    """Correlate (inputs, rows, columns) with kernel (outputs, inputs, k, k), no padding."""
    size = kernel.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.asarray(np.einsum("irckl,oikl->orc", windows, kernel, optimize=True) + bias[:, None, None])


def _pool(x: Float32) -> Float32:
    """Return the maximum of each block of 2 x 2."""
    rows, columns = x.shape[1] // 2, x.shape[2] // 2
    blocks = x[:, : 2 * rows, : 2 * columns].reshape(len(x), rows, 2, columns, 2)
    return np.asarray(blocks.max(axis=(2, 4)))
