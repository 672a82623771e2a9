"""From records to the figures of the stress set: per group, per family, per renderer, and what was said why. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fluoropose.evaluation.trust.coverage import KINDS, confidence_bins, coverage, risk_curve, sigma_curve
from fluoropose.evaluation.trust.records import TrustRecord

__all__ = ["WRONG_CAMERA", "trust_figures"]

WRONG_CAMERA = "wrong camera"
"""The family that is counted apart: what is told of the camera is not what it is."""

_LISTED = 60
_VISIBLE = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)


def trust_figures(records: Sequence[TrustRecord]) -> dict[str, Any]:
    """Return all figures of records, as plain values; rows come in the order of the records."""
    usual = [one for one in records if one.family != WRONG_CAMERA]
    return {
        "groups": _rows(records, lambda one: one.group),
        "families": _rows(records, lambda one: one.family),
        "objects": _rows(usual, lambda one: one.object),
        "renderers": _rows(usual, lambda one: one.renderer),
        "all_but_wrong_camera": _counts(usual),
        "coverage": _coverages(records),
        "sigma_curves": _sigma_curves(usual),
        "risk_curve": risk_curve(usual),
        "confidence": confidence_bins(usual),
        "visible": _visible([one for one in usual if one.family == "covered"]),
        "reasons": _reasons(records),
        "wrong": [_named(one) for one in usual if one.wrong][:_LISTED],
    }


def _rows(records: Sequence[TrustRecord], key: Callable[[TrustRecord], str]) -> dict[str, Any]:
    names = list(dict.fromkeys(key(one) for one in records))
    return {name: _counts([one for one in records if key(one) == name]) for name in names}


def _counts(records: Sequence[TrustRecord]) -> dict[str, Any]:
    """Return how many frames were accepted, accepted and wrong, right, right and refused; and each status."""
    errors = [one.mtre_proj_mm for one in records if one.right and one.mtre_proj_mm is not None]
    statuses = Counter(one.status for one in records)
    return {
        "frames": len(records),
        "possible": sum(one.possible for one in records),
        "accepted": sum(one.accepted for one in records),
        "wrong": sum(one.wrong for one in records),
        "right": sum(one.right for one in records),
        "right_and_refused": sum(one.right and not one.accepted for one in records),
        "low_confidence": statuses["LOW_CONFIDENCE"],
        "lost": statuses["LOST"],
        "mtre_proj_mm": {"p50": float(np.median(errors)), "p90": float(np.percentile(errors, 90))} if errors else None,
    }


def _with_truth(records: Sequence[TrustRecord]) -> list[TrustRecord]:
    """Return the answers whose stated errors are counted: those accepted, right or wrong, where a pose is right."""
    return [one for one in records if one.accepted and one.possible]


def _coverages(records: Sequence[TrustRecord]) -> dict[str, Any]:
    """Return the coverage of accepted answers per renderer; of the wrong camera apart."""
    usual = [one for one in records if one.family != WRONG_CAMERA]
    parts = {name: [one for one in usual if one.renderer == name] for name in sorted({one.renderer for one in usual})}
    parts["all"] = usual
    parts |= {family: [one for one in records if one.family == family] for family in ("good", WRONG_CAMERA)}
    return {name: coverage(_with_truth(part)) for name, part in parts.items() if part}


def _sigma_curves(records: Sequence[TrustRecord]) -> dict[str, Any]:
    names = sorted({one.renderer for one in records})
    return {
        name: {kind: sigma_curve(_with_truth([one for one in records if one.renderer == name]), kind) for kind in KINDS}
        for name in names
    }


def _visible(records: Sequence[TrustRecord]) -> list[dict[str, Any]]:
    """Return the counts of covered frames by the share of the object that they show."""
    rows = []
    for low, high in zip(_VISIBLE[:-1], _VISIBLE[1:], strict=True):
        here = [one for one in records if low <= one.visible < high]
        if here:
            rows.append({"from": low, "to": min(high, 1.0), **_counts(here)})
    return rows


def _reasons(records: Sequence[TrustRecord]) -> dict[str, dict[str, int]]:
    """Return for each family how often each status was given with each reason."""
    found: dict[str, Counter[str]] = {}
    for one in records:
        said = f"{one.status}: {one.reason}" if one.reason else one.status
        found.setdefault(one.family, Counter())[said] += 1
    return {family: dict(sorted(counts.items())) for family, counts in found.items()}


def _named(one: TrustRecord) -> dict[str, Any]:
    """Return which frame an answer is of, and what was wrong with it."""
    return {
        "frame": f"{one.group}/{one.object}/{one.number}/{one.step}",
        "renderer": one.renderer,
        "condition": one.condition,
        "confidence": round(one.confidence, 4),
        "likeness": round(one.likeness, 3),
        "mtre_proj_mm": None if one.mtre_proj_mm is None else round(one.mtre_proj_mm, 2),
    }
