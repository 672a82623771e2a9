"""How much stated errors must be inflated, fitted to the records of a stress set. Pure.

The model is that of `registration.error_inflation`. Let r be |error| over the inflated deviation of an axis. As
quantile regression does (Koenker and Bassett, Econometrica 46, 1978), the constants are those for which the pinball
losses of log r are least, at the shares 68.3 % (level 0) and 90 % (level log 1.645). Weights are not negative: what
looks worse is never more certain. Each constant is found in turn, in steps that grow finer, until none changes. The two
renderers count alike, however many frames there are of each.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import log

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.errors import InputError
from fluoropose.evaluation.trust.coverage import INTERVAL_90, KINDS
from fluoropose.evaluation.trust.records import TrustRecord
from fluoropose.registration.error_inflation import EVIDENCE_TERMS, Evidence, Inflation, Inflations

__all__ = ["evidence_of", "fit_inflations", "inflated_ratios", "used_for_fit"]

_LEVELS = ((0.683, 0.0), (0.9, log(INTERVAL_90)))
_STEPS = (0.8, 0.4, 0.2, 0.1, 0.05, 0.025)
_FIRST_OFFSETS = (0.0, 0.02, 0.1)
_MOST_ROUNDS = 60
_LEAST_RECORDS = 20
_LEAST_RATIO = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class _Axes:
    """Errors, deviations and a pixel's worth of each axis (n,), the evidence's terms (n, terms), and weights (n,)."""

    errors: Float64
    sigmas: Float64
    worth: Float64
    terms: Float64
    weights: Float64


def used_for_fit(records: Sequence[TrustRecord]) -> list[TrustRecord]:
    """Return the records that count: accepted and right. A wrong pose is no matter of a wider interval."""
    return [
        one
        for one in records
        if one.accepted and one.right and one.family != "wrong camera" and one.sigmas is not None and one.evidence
    ]


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
    return Inflations(*(_fit(_axes(used, kind)) for kind in KINDS))


def evidence_of(record: TrustRecord) -> Evidence:
    """Return the evidence of a record."""
    names = {field.name for field in fields(Evidence)}
    given = {name: value for name, value in (record.evidence or {}).items() if name in names}
    return Evidence(**given)  # type: ignore[arg-type]


def inflated_ratios(records: Sequence[TrustRecord], kind: str, by: Inflation) -> Float64:
    """Return |error| over the inflated deviation of each axis of a kind, of each record, along the ray's axes."""
    axes = _axes(records, kind)
    return axes.errors / _inflated(axes, [by.constant, *by.weights, by.offset_px])


def _axes(records: Sequence[TrustRecord], kind: str) -> _Axes:
    counts = Counter(one.renderer for one in records)
    number, to_stated = list(KINDS).index(kind), np.rad2deg(1.0) if kind == "rotation" else 1.0
    rows = []
    for one in records:
        evidence = evidence_of(one)
        errors = (*(one.offset_mm or ()), *(one.turn_deg or ()))
        for axis in KINDS[kind]:
            worth = evidence.pixel_worth[number] * to_stated
            sigma = (one.sigmas or ())[axis]
            rows.append((abs(errors[axis]), sigma, worth, 1.0 / counts[one.renderer], *evidence.terms))
    table = np.array(rows)
    return _Axes(table[:, 0], table[:, 1], table[:, 2], table[:, 4:], table[:, 3])


def _fit(axes: _Axes) -> Inflation:
    """Return the constants of least loss: each is moved in turn by a step, and the step shrinks where none helps."""
    ends = [_descend(axes, [0.0] * (1 + len(EVIDENCE_TERMS)) + [offset]) for offset in _FIRST_OFFSETS]
    _, values = min(ends)
    return Inflation(round(values[0], 2), tuple(round(value, 2) for value in values[1:-1]), round(values[-1], 3))


def _descend(axes: _Axes, values: list[float]) -> tuple[float, list[float]]:
    """Return the least loss that is reached from some values, and the values there."""
    best = _loss(axes, values)
    for step in _STEPS:
        for _ in range(_MOST_ROUNDS):
            moved = False
            for place in range(len(values)):
                for way in (-step, step):
                    tried = values.copy()
                    tried[place] += way * _scale(place, len(values))
                    if place and tried[place] < 0.0:
                        continue
                    loss = _loss(axes, tried)
                    if loss < best - 1e-9:
                        values, best, moved = tried, loss, True
            if not moved:
                break
    return best, values


def _scale(place: int, count: int) -> float:
    """Return how long a step is for one of the constants: offsets are some hundredths of a pixel, weights larger."""
    if place == count - 1:
        return 0.1
    return 1.0 if place == 0 else 2.0


def _inflated(axes: _Axes, values: Sequence[float]) -> Float64:
    factors = np.exp(values[0] + axes.terms @ np.array(values[1:-1]))
    return np.hypot(axes.sigmas * factors, values[-1] * axes.worth)


def _loss(axes: _Axes, values: Sequence[float]) -> float:
    """Return the sum of the pinball losses at both levels."""
    y = np.log(np.maximum(axes.errors / _inflated(axes, values), _LEAST_RATIO))
    total = 0.0
    for share, level in _LEVELS:
        rest = y - level
        total += float((axes.weights * np.where(rest >= 0.0, share * rest, (share - 1.0) * rest)).sum())
    return total
