"""Half precision, as frames and atlas have it: rounded to even, as `astype` does, and many times as fast."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32

__all__ = ["to_half", "to_half_twin", "to_single", "to_single_twin"]

_REBIAS = np.float32(2.0**112)
"""What a half's bits are too small by, read as a single's: the biases of the exponents are 15 and 127."""


def to_half(values: Float32) -> NDArray[np.float16]:
    """Return the values as float16, to the last bit as `to_half_twin`; more than 65504 becomes infinite."""
    single = np.ascontiguousarray(values, np.float32)
    out = np.empty(single.shape, np.uint16)
    _write_halves(single.reshape(-1), single.view(np.uint32).reshape(-1), out.reshape(-1))
    return out.view(np.float16)


def to_half_twin(values: Float32) -> NDArray[np.float16]:
    """Return what `to_half` returns: its specification."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16)


def to_single(values: NDArray[np.float16]) -> Float32:
    """Return halves as float32, to the last bit as `to_single_twin`."""
    half = np.ascontiguousarray(values)
    out = np.empty(half.shape, np.float32)
    _write_single_bits(half.view(np.uint16).reshape(-1), out.view(np.uint32).reshape(-1))
    return np.multiply(out, _REBIAS, out=out)


def to_single_twin(values: NDArray[np.float16]) -> Float32:
    """Return what `to_single` returns: its specification."""
    return values.astype(np.float32)


# The two formats, IEEE 754: 8 and 5 bits of exponent (bias 127 and 15), 23 and 10 of fraction.
@njit(cache=True, nogil=True)
def _write_halves(values: Float32, bits: NDArray[np.uint32], out: NDArray[np.uint16]) -> None:
    for n in range(values.shape[0]):
        size = bits[n] & np.uint32(0x7FFFFFFF)
        odd = (size >> np.uint32(13)) & np.uint32(1)
        normal = (size + odd + np.uint32(0xFFF) - np.uint32(112 << 23)) >> np.uint32(13)
        # Below 2^-14 a half is a whole number of 2^-24: adding 1/2 leaves that number in a single's last bits.
        small = np.uint32(np.rint(min(abs(values[n]), np.float32(1.0)) * np.float32(16777216.0)))
        beyond = np.uint32(0x7E00) if size > np.uint32(0x7F800000) else np.uint32(0x7C00)
        half = small if size < np.uint32(113 << 23) else normal
        half = half if size < np.uint32(0x477FF000) else beyond
        out[n] = np.uint16(half | ((bits[n] >> np.uint32(16)) & np.uint32(0x8000)))


@njit(cache=True, nogil=True)
def _write_single_bits(halves: NDArray[np.uint16], out: NDArray[np.uint32]) -> None:
    """Write the bits of singles that are 2^112 times too small; what is infinite or no number stays so."""
    for n in range(halves.shape[0]):
        bits = np.uint32(halves[n])
        size = (bits & np.uint32(0x7FFF)) << np.uint32(13)
        beyond = np.uint32(0x7FC00000) if size > np.uint32(0x0F800000) else np.uint32(0x7F800000)
        size = size | beyond if size >= np.uint32(0x0F800000) else size
        out[n] = size | ((bits & np.uint32(0x8000)) << np.uint32(16))
