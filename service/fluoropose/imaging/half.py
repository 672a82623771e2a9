"""Half precision, as networks take their frames and atlases are kept: rounded to even, as `astype` does, and faster.

Into halves it is many times as fast, out of them some five times.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32

__all__ = ["halves", "halves_twin", "singles", "singles_twin"]


def halves(values: Float32) -> NDArray[np.float16]:
    """Return the values as float16, to the last bit as `halves_twin`; more than 65504 becomes infinite."""
    single = np.ascontiguousarray(values, np.float32)
    out = np.empty(single.shape, np.uint16)
    _halves(single.reshape(-1), single.view(np.uint32).reshape(-1), out.reshape(-1))
    return out.view(np.float16)


def singles(values: NDArray[Any]) -> Float32:
    """Return float16 or float32 values as float32, to the last bit as `singles_twin`; float32 ones are not copied."""
    if values.dtype != np.float16:
        return np.asarray(values, np.float32)
    given = np.ascontiguousarray(values).view(np.uint16).reshape(-1)
    # Atlases come in memory of both kinds, and numba compiles for each apart.
    given.setflags(write=False)
    out = np.empty(values.shape, np.float32)
    _singles(given, out.view(np.uint32).reshape(-1), out.reshape(-1))
    return out


def singles_twin(values: NDArray[Any]) -> Float32:
    """Return what `singles` returns: its specification."""
    return np.asarray(values.astype(np.float32))


def halves_twin(values: Float32) -> NDArray[np.float16]:
    """Return what `halves` returns: its specification."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16)


# The two formats, IEEE 754: 8 and 5 bits of exponent (bias 127 and 15), 23 and 10 of fraction.
@njit(cache=True, nogil=True)
def _halves(values: Float32, bits: NDArray[np.uint32], out: NDArray[np.uint16]) -> None:
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


# A half's exponent and fraction in a single's place count 2^-112 of what they should, the smallest halves among them.
@njit(cache=True, nogil=True)
def _singles(values: NDArray[np.uint16], bits: NDArray[np.uint32], out: Float32) -> None:
    scale = np.float32(2.0**112)
    for n in range(values.shape[0]):
        bits[n] = np.uint32(values[n] & np.uint16(0x7FFF)) << np.uint32(13)
    for n in range(values.shape[0]):
        out[n] *= scale
    for n in range(values.shape[0]):
        beyond = np.uint32(0x7F800000) if values[n] & np.uint16(0x7FFF) >= np.uint16(0x7C00) else np.uint32(0)
        bits[n] |= beyond | (np.uint32(values[n] & np.uint16(0x8000)) << np.uint32(16))
