"""Figures of answers beside the reference: medians, shares, and what was stated against what was wrong."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.evaluation.studies.knee.answers import Answer

__all__ = ["answer_facts", "covered", "facts_by_group"]

_AXES = {"in_plane_mm": (0, 1), "depth_mm": (2,), "rotation_deg": (3, 4, 5)}
"""The stated numbers, and the axes of each: x, y, z of the camera, and the rotation vector."""

_FAR_MM = 2.0
"""An answer that is sure and further off than this is wrong."""


def answer_facts(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the figures of some answers: errors as p50 and p90, mm and degrees; shares of all."""
    errors = [answer.error for answer in answers]
    tracking = np.array([answer.status == "TRACKING" for answer in answers])
    in_plane = np.array([error.in_plane_mm for error in errors])
    space = np.array([error.mtre_mm for error in errors])
    return {
        "answers": len(answers),
        "tracking": float(tracking.mean()),
        "within_1_mm_in_plane": float((in_plane < 1.0).mean()),
        "within_1_mm": float((space < 1.0).mean()),
        "sure_and_wrong_in_plane": int((tracking & (in_plane > _FAR_MM)).sum()),
        "sure_and_wrong": int((tracking & (space > _FAR_MM)).sum()),
        "in_plane_mm": _middle(in_plane),
        "depth_mm": _middle(np.array([error.depth_mm for error in errors])),
        "deeper_mm": _middle(np.array([answer.deeper_mm for answer in answers])),
        "rotation_deg": _middle(np.array([error.rotation_deg for error in errors])),
        "mtre_mm": _middle(space),
        "stated": {name: _middle(np.array([answer.stated[name] for answer in answers])) for name in _AXES},
        "covered": {name: covered([one for one in answers if one.status == "TRACKING"], name) for name in _AXES},
    }


def covered(answers: Sequence[Answer], name: str) -> dict[str, float] | None:
    """Return which shares of the errors along each axis of a stated number lie within 1 and 1.645 deviations of it.

    An axis has the stated number over the root of the number's axes. None without answers.
    """
    if not answers:
        return None
    axes = _AXES[name]
    errors = np.array([[answer.along[axis] for axis in axes] for answer in answers])
    sigmas = np.array([[answer.stated[name] / np.sqrt(len(axes))] for answer in answers])
    ratios = np.abs(errors) / np.maximum(sigmas, 1e-12)
    return {"one_sigma": float((ratios <= 1.0).mean()), "interval_90": float((ratios <= 1.645).mean())}


def facts_by_group(answers: Iterable[Answer]) -> dict[str, dict[str, Any]]:
    """Return the figures of each kind of answer and component, by "kind, component"."""
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(f"{answer.kind}, {answer.component}", []).append(answer)
    return {name: answer_facts(group) for name, group in groups.items()}


def _middle(values: Float64) -> dict[str, float]:
    return {"p50": float(np.median(values)), "p90": float(np.percentile(values, 90))}
