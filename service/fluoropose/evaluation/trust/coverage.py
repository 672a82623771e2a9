"""Whether what is stated is true: errors against stated deviations, and confidence against the share that is right.

Pure. One standard deviation of a normal error covers 68.3 % of it, 1.645 of them 90 %: so each axis is counted alone.
Of a pose in the plane two axes are counted (across the ray), of depth one, of rotation three. Stated are three numbers:
`in_plane` is the root of the sum of two variances, `rotation` of three, so that an axis has the stated number over the
root of 2 or of 3; its errors are along the camera's axes. Beside them stand the raw deviations of the equations, along
the ray's axes, from which the stated ones come (`registration.error_inflation`).
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.evaluation.trust.records import TrustRecord

__all__ = ["INTERVAL_90", "KINDS", "confidence_bins", "coverage", "risk_curve", "scaled_errors", "sigma_curve"]

INTERVAL_90 = 1.645
KINDS = {"in_plane": (0, 1), "depth": (2,), "rotation": (3, 4, 5)}
"""The axes of each kind, of the six: x, y, z of the centre, and the rotation vector."""

_CONFIDENCES = (0.0, 0.1, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)
_NOMINAL = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.683, 0.8, 0.9, 0.95, 0.99)
_POINTS = 60


def scaled_errors(records: Sequence[TrustRecord], kind: str, by: str = "stated") -> Float64:
    """Return |error| over the stated deviation, of each axis of a kind of each record that has both."""
    axes, number = KINDS[kind], list(KINDS).index(kind)
    found: list[float] = []
    for record in records:
        if record.offset_mm is None or record.turn_deg is None:
            continue
        errors = record.camera_errors or (*record.offset_mm, *record.turn_deg)
        if by == "raw":
            errors = (*record.offset_mm, *record.turn_deg)
            if record.sigmas is None:
                continue
            sigmas = record.sigmas
        else:
            sigmas = (record.stated[number] / np.sqrt(len(axes)),) * 6
        found += [abs(errors[axis]) / max(sigmas[axis], 1e-12) for axis in axes]
    return np.array(found)


def coverage(records: Sequence[TrustRecord]) -> dict[str, Any]:
    """Return for both ways of stating and each kind which shares of errors 1 and 1.645 deviations cover."""
    facts: dict[str, Any] = {"frames": len(records)}
    for by in ("stated", "raw"):
        facts[by] = {}
        for kind in KINDS:
            scaled = scaled_errors(records, kind, by)
            facts[by][kind] = None if len(scaled) == 0 else {
                "one_sigma": float((scaled <= 1.0).mean()),
                "interval_90": float((scaled <= INTERVAL_90).mean()),
                "rms": float(np.sqrt(np.mean(np.minimum(scaled, 1e3) ** 2))),
                "median": float(np.median(scaled)),
            }  # fmt: skip
    return facts


def sigma_curve(records: Sequence[TrustRecord], kind: str) -> list[tuple[float, float]]:
    """Return (share that an interval should cover, share that it covers) by the stated errors."""
    scaled = scaled_errors(records, kind)
    if len(scaled) == 0:
        return []
    return [(share, float((scaled <= NormalDist().inv_cdf(0.5 + 0.5 * share)).mean())) for share in _NOMINAL]


def risk_curve(records: Sequence[TrustRecord]) -> list[tuple[float, float, float]]:
    """Return (share answered, share of those that is wrong, confidence from which on one is answered), surest first."""
    if not records:
        return []
    order = sorted(records, key=lambda record: -record.confidence)
    wrong = np.cumsum([not record.right for record in order])
    count = np.arange(1, len(order) + 1)
    # Frames of one confidence are answered together.
    last = [n for n in range(len(order)) if n + 1 == len(order) or order[n + 1].confidence < order[n].confidence]
    chosen = np.unique(np.linspace(0, len(last) - 1, min(_POINTS, len(last))).round().astype(int))
    ends = [last[n] for n in chosen]
    return [(float(count[n] / len(order)), float(wrong[n] / count[n]), float(order[n].confidence)) for n in ends]


def confidence_bins(records: Sequence[TrustRecord]) -> list[dict[str, float]]:
    """Return how many answers have a confidence in each bin, their mean confidence, and the share that is right."""
    found = []
    for low, high in zip(_CONFIDENCES[:-1], _CONFIDENCES[1:], strict=True):
        here = [one for one in records if low <= one.confidence < high or (high == 1.0 and one.confidence == 1.0)]
        if here:
            mean = float(np.mean([one.confidence for one in here]))
            right = float(np.mean([one.right for one in here]))
            found.append({"from": low, "to": high, "count": len(here), "confidence": mean, "right": right})
    return found
