"""What a client is told of a case that is ready."""

from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.drr.case import Case
from fluoropose.io.cases import read_findings, read_understanding, read_verification
from fluoropose.serving.case_cache import CaseCache

__all__ = ["describe_case", "describe_volume"]


_FINDINGS = 5
"""A client is told so many findings about its volume; `check` tells all."""


def describe_case(case: Case, folder: Path) -> str:
    """Return what is understood of a case that is ready, and what trying it on itself gave."""
    understood = read_understanding(folder) or f"{case.size_mm:.0f} mm"
    tried = read_verification(folder)
    words = None if tried is None else tried.get("text")
    parts = [understood, *([words[:500]] if isinstance(words, str) else []), *read_findings(folder)[:_FINDINGS]]
    return "; ".join(parts)


def describe_volume(cases: CaseCache, name: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the volume and atlas parts of a case's description; None for what is not resident."""
    if name not in cases.names():
        return None, None
    case = cases.case(name).case
    volume = {
        "shape": list(case.volume.values.shape),
        "spacing_mm": np.round(case.volume.spacing_mm, 4).tolist(),
        "size_mm": case.size_mm,
        "centre_mm": case.atlas.view.centre_mm.tolist(),
        "corners_mm": case.corners_mm.tolist(),
        "base_rotation": case.atlas.view.base_rotation.tolist(),
        "range_mm": case.atlas.view.range_mm,
    }
    atlas = {"views": case.atlas.grid.count, "bytes": int(case.atlas.pictures.nbytes), "device": cases.device.label}
    return volume, atlas
