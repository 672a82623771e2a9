"""Conversion between single and half precision, in which atlases are kept: as `astype` to the last bit, much faster.

Both formats are those of IEEE 754. Rounding is to the nearest half, and to the even one of two that are equally near.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32

__all__ = ["round_to_half", "round_to_half_twin", "to_half", "to_half_twin", "to_single", "to_single_twin"]

_REBIAS = np.float32(2.0**112)
"""A half's bits, shifted into a single's place, are a number too small by this factor: the biases are 15 and 127."""


def to_half(values: Float32) -> NDArray[np.float16]:
    """Return the values as float16; what rounds to more than 65504 becomes infinite."""
    single = np.ascontiguousarray(values, np.float32)
    out = np.empty(single.shape, np.uint16)
    _write_halves(single.reshape(-1), single.view(np.uint32).reshape(-1), out.reshape(-1))
    return out.view(np.float16)


def to_half_twin(values: Float32) -> NDArray[np.float16]:
    """Return what `to_half` returns, by NumPy: the specification."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16)


def round_to_half(values: Float32, out: Float32) -> None:
    """Write the values as `to_half` rounds them, in single precision."""
    single = np.ascontiguousarray(values, np.float32)
    _round_bits(
        single.reshape(-1), single.view(np.uint32).reshape(-1), out.reshape(-1), out.view(np.uint32).reshape(-1)
    )


def round_to_half_twin(values: Float32) -> Float32:
    """Return what `round_to_half` writes, by NumPy: the specification."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float32)


def to_single(values: NDArray[np.float16]) -> Float32:
    """Return float16 values as float32, which is exact."""
    half = np.ascontiguousarray(values)
    out = np.empty(half.shape, np.float32)
    _write_single_bits(half.view(np.uint16).reshape(-1), out.view(np.uint32).reshape(-1))
    return np.multiply(out, _REBIAS, out=out)


def to_single_twin(values: NDArray[np.float16]) -> Float32:
    """Return what `to_single` returns, by NumPy: the specification."""
    return values.astype(np.float32)


# A single has 8 bits of exponent (bias 127) and 23 of fraction, a half 5 (bias 15) and 10.
@njit(cache=True, nogil=True)
def _write_halves(values: Float32, bits: NDArray[np.uint32], out: NDArray[np.uint16]) -> None:
    for n in range(values.shape[0]):
        size = bits[n] & np.uint32(0x7FFFFFFF)
        odd = (size >> np.uint32(13)) & np.uint32(1)
        normal = (size + odd + np.uint32(0xFFF) - np.uint32(112 << 23)) >> np.uint32(13)
        # Below 2^-14 a half's bits are its value in units of 2^-24, rounded to even.
        small = np.uint32(np.rint(min(abs(values[n]), np.float32(1.0)) * np.float32(16777216.0)))
        beyond = np.uint32(0x7E00) if size > np.uint32(0x7F800000) else np.uint32(0x7C00)
        half = small if size < np.uint32(113 << 23) else normal
        half = half if size < np.uint32(0x477FF000) else beyond
        out[n] = np.uint16(half | ((bits[n] >> np.uint32(16)) & np.uint32(0x8000)))


@njit(cache=True, nogil=True)
def _write_single_bits(halves: NDArray[np.uint16], out: NDArray[np.uint32]) -> None:
    """Write the bits of singles that are 2^112 times too small; infinities and NaN stay what they are."""
    for n in range(halves.shape[0]):
        bits = np.uint32(halves[n])
        size = (bits & np.uint32(0x7FFF)) << np.uint32(13)
        beyond = np.uint32(0x7FC00000) if size > np.uint32(0x0F800000) else np.uint32(0x7F800000)
        size = size | beyond if size >= np.uint32(0x0F800000) else size
        out[n] = size | ((bits & np.uint32(0x8000)) << np.uint32(16))


# Two loops, as one that writes to an array both as numbers and as bits is no vector code.
@njit(cache=True, nogil=True, error_model="numpy")
def _round_bits(values: Float32, bits: NDArray[np.uint32], out: Float32, out_bits: NDArray[np.uint32]) -> None:
    small = np.float32(2.0**-14)
    for n in range(values.shape[0]):
        rounded = bits[n] + (((bits[n] >> np.uint32(13)) & np.uint32(1)) + np.uint32(0xFFF))
        size = rounded & np.uint32(0x7FFFE000)
        beyond = (
            np.uint32(0x7FC00000)
            if (bits[n] & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000)
            else np.uint32(0x7F800000)
        )
        size = beyond if size >= np.uint32(0x47800000) else size
        out_bits[n] = size | (bits[n] & np.uint32(0x80000000))
    for n in range(values.shape[0]):
        if abs(values[n]) < small:
            out[n] = np.copysign(np.rint(values[n] * np.float32(2.0**24)) * np.float32(2.0**-24), values[n])
