"""The model card: what a bundle was trained on, how good it is, and where it must not be used."""

from typing import Any

from fluoropose.drr.case import Case
from fluoropose.train.fit import FitReport
from fluoropose.train.profiles import Profile

__all__ = ["model_card"]


def model_card(name: str, case: Case, profile: Profile, seed: int, reports: dict[str, FitReport], facts: Any) -> str:
    """Return the card as Markdown; `facts` is the measured accuracy (`evaluation.metrics.summary`)."""
    view, grid = case.atlas.view, case.atlas.grid
    covered = " and ".join(f"+-{reach:g}" for reach in grid.reach_deg)
    losses = "\n".join(f"| {stage} | {report.iterations} | {_loss(report)} |" for stage, report in reports.items())
    return f"""# Model card: {name}

Regressors for the case `{case.name}` (digest `{case.digest}`), and for no other: another CT, another object, another
expected view or another atlas needs its own.

| | |
| --- | --- |
| object size (box diagonal) | {case.size_mm:.1f} mm |
| canonical view | {view.size_px} px over {view.field_mm:.1f} mm, nominal range {view.range_mm:.0f} mm |
| out-of-plane angles covered | {covered} degrees about the base view, step {grid.step_deg:g} |
| range covered | nominal +-12 % |
| profile, seed | {profile.name} ({profile.bank} pictures), {seed} |
| first weights | `models/universal`, taught random objects only |

Trained on synthetic pictures only: DRRs of this object under the appearance variation listed in
`fluoropose/train/appearance.py`. No real X-ray was seen.

| stage | iterations | loss at the end, % of size |
| --- | --- | --- |
{losses}

## Measured

On frames of the independent simulator (`fluoropose.simulate`: other renderer, other appearance), starts from the
paper's distribution (sd 1, 1, 10 mm; 2, 10, 10 degrees):

| | |
| --- | --- |
| trials | {facts["trials"]} |
| success (mTREproj under 1 % of size) | {100 * facts["success_rate"]:.1f} % |
| mTREproj, median / 90 % | {facts["mtre_proj_mm"]["p50"]:.3f} / {facts["mtre_proj_mm"]["p90"]:.3f} mm |
| 3-D mTRE median / 90th percentile | {facts["mtre_mm"]["p50"]:.2f} / {facts["mtre_mm"]["p90"]:.2f} mm |
| in-plane, median | {facts["in_plane_mm"]["p50"]:.3f} mm |
| depth, median | {facts["depth_mm"]["p50"]:.2f} mm |
| rotation, median | {facts["rotation_deg"]["p50"]:.2f} degrees |

## Not for

Diagnosis or guidance of a patient without your own validation; poses outside of the angles and ranges above; frames
of other objects. The confidence was calibrated on synthetic frames.
"""


def _loss(report: FitReport) -> str:
    return f"{report.last_loss_percent:.3f}" if report.iterations else "-"
