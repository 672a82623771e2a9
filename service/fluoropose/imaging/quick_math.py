"""Exponential and logarithm of float32 that compile to vector code; those of the C library are called one by one.

Both are polynomials, near to the last digits of a float32: relative errors are below 1e-6 (tested beside NumPy's).
They are for loops of compiled functions with `fastmath`. Neither knows infinities, NaN or denormal numbers.
"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

__all__ = ["quick_exp", "quick_log"]

_LOG2_E = np.float32(1.4426950408889634)
_LN_2 = np.float32(0.6931471805599453)
_LEAST, _MOST = np.float32(-126.0), np.float32(127.0)

_E1, _E2, _E3 = np.float32(0.6931471805599453), np.float32(0.2402264923172690), np.float32(0.0555041086648216)
_E4, _E5, _E6 = np.float32(0.0096181291076285), np.float32(0.0013333558146428), np.float32(0.0001540353039338)
"""Coefficients of 2^f about 0, for f within a half."""

_L1, _L2, _L3 = np.float32(7.0376836292e-2), np.float32(-1.1514610310e-1), np.float32(1.1676998740e-1)
_L4, _L5, _L6 = np.float32(-1.2420140846e-1), np.float32(1.4249322787e-1), np.float32(-1.6668057665e-1)
_L7, _L8, _L9 = np.float32(2.0000714765e-1), np.float32(-2.4999993993e-1), np.float32(3.3333331174e-1)
"""Coefficients of a logarithm about 1 (Cephes, S. L. Moshier: `logf`)."""


@intrinsic  # type: ignore[untyped-decorator]
def _bits_of(context: Any, value: Any) -> Any:
    """Return the bits of a float32 as an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), generate


@intrinsic  # type: ignore[untyped-decorator]
def _float_of(context: Any, bits: Any) -> Any:
    """Return the float32 that has these bits, an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@njit(inline="always")
def quick_exp(value: float) -> float:
    """Return e to a float32 between -87 and 87; beyond, the exponential of the nearer of these."""
    power = min(max(np.float32(value) * _LOG2_E, _LEAST), _MOST)
    whole = np.floor(power + np.float32(0.5))
    f = power - whole
    rest = np.float32(1.0) + f * (_E1 + f * (_E2 + f * (_E3 + f * (_E4 + f * (_E5 + f * _E6)))))
    return rest * _float_of(np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)))


@njit(inline="always")
def quick_log(value: float) -> float:
    """Return the natural logarithm of a float32 above 1e-37."""
    # The mantissa is taken between the root of a half and that of two; what is left is a power of two.
    bits = np.int32(_bits_of(np.float32(value)) - np.int32(0x3F3504F3))
    power = np.float32(bits >> np.int32(23))
    f = _float_of(np.int32((bits & np.int32(0x7FFFFF)) + np.int32(0x3F3504F3))) - np.float32(1.0)
    square = f * f
    series = _L1 * f + _L2
    series = ((((((series * f + _L3) * f + _L4) * f + _L5) * f + _L6) * f + _L7) * f + _L8) * f + _L9
    return power * _LN_2 + (f * square * series - np.float32(0.5) * square + f)
