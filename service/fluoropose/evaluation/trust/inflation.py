"""How much stated errors must be inflated, fitted to the records of a stress set. Pure.

For each kind of error (in the plane, depth, rotation) the logarithms y of |error| over stated deviation of every axis
are set against u, one less likeness. A line a + b u is sought that 68.3 % of the y lie below, and 90 % below the line
plus log 1.645, as quantile regression does (Koenker and Bassett, Econometrica 46, 1978): the sum of both pinball losses
is least. `b` is not negative: what looks less alike is never more certain.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.errors import InputError
from fluoropose.evaluation.trust.coverage import INTERVAL_90, KINDS, scaled_errors
from fluoropose.evaluation.trust.records import TrustRecord
from fluoropose.registration.assessment import ErrorEstimate
from fluoropose.registration.error_inflation import MOST_UNLIKE, Inflation, Inflations, inflate

__all__ = ["fit_inflations", "inflated_records", "used_for_fit"]

_LEVELS = ((0.683, 0.0), (0.9, log(INTERVAL_90)))
_SLOPES = np.arange(0.0, 12.01, 0.25)
_OFFSETS = np.arange(-1.5, 3.001, 0.01)
_LEAST_RECORDS = 20


def used_for_fit(records: Sequence[TrustRecord]) -> list[TrustRecord]:
    """Return the records that count: accepted and right. A wrong pose is no matter of a wider interval."""
    return [one for one in records if one.accepted and one.right and one.family != "wrong camera"]


def fit_inflations(records: Sequence[TrustRecord]) -> Inflations:
    """Return the inflations of records that were accepted and right.

    Raises
    ------
    InputError
        If fewer than 20 of them are.
    """
    used = used_for_fit(records)
    if len(used) < _LEAST_RECORDS:
        raise InputError(f"expected at least {_LEAST_RECORDS} records that were accepted and right, got {len(used)}")
    return Inflations(**{kind: _fit(used, kind) for kind in KINDS})


def inflated_records(records: Sequence[TrustRecord], by: Inflations) -> list[TrustRecord]:
    """Return records whose stated errors are inflated."""
    made = []
    for one in records:
        if not one.stated:
            made.append(one)
            continue
        errors = inflate(ErrorEstimate(*one.stated), one.likeness, by)
        made.append(replace(one, stated=(errors.in_plane_mm, errors.depth_mm, errors.rotation_deg)))
    return made


def _fit(records: Sequence[TrustRecord], kind: str) -> Inflation:
    ratios = [scaled_errors([one], kind) for one in records]
    y = np.log(np.maximum(np.concatenate(ratios), 1e-6))
    unlike = [min(max(1.0 - one.likeness, 0.0), MOST_UNLIKE) for one in records]
    u = np.repeat(unlike, [len(one) for one in ratios])
    best = (np.inf, 0.0, 0.0)
    for slope in _SLOPES:
        losses = _losses(y - slope * u)
        at = int(np.argmin(losses))
        best = min(best, (float(losses[at]), float(_OFFSETS[at]), float(slope)))
    return Inflation(round(best[1], 2), best[2])


def _losses(y: Float64) -> Float64:
    """Return the sum of the pinball losses at both levels for each offset."""
    total = np.zeros(len(_OFFSETS))
    for share, shift in _LEVELS:
        rest = y[None, :] - shift - _OFFSETS[:, None]
        total += np.where(rest >= 0.0, share * rest, (share - 1.0) * rest).sum(axis=1)
    return total
