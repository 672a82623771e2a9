"""A method's figures from its trials."""

import numpy as np
import pytest

from fluoropose.evaluation.metrics.report import method_facts
from fluoropose.evaluation.trials import TrialKey
from support.trials import CORNERS, FRAME, TRUTHS, off_by, ran


def test_precision_is_pooled_over_frames_by_hand():
    # Frame 0 twice, 4 mm apart: squares 4 + 4. Frame 1 once: no square. One of two registrations is free: sqrt(8 / 1).
    jobs = [(0, off_by(-2.0)), (3, off_by(2.0)), (1, off_by(9.0))]
    records = [ran(TrialKey("a", 1.0, n), register) for n, register in jobs]
    facts = method_facts("x", 100.0, records, TRUTHS, FRAME, CORNERS, "m")
    assert facts["rmsd_proj_mm"] == pytest.approx(np.sqrt(8.0), rel=1e-3)
    assert facts["rmsd_proj_of_successes_mm"] is None


def test_a_methods_figures():
    def facts(records):
        return method_facts("x", 100.0, records, TRUTHS, FRAME, CORNERS, "m")

    records = [ran(TrialKey("a", 1.0, n), off_by(0.5 if n % 3 else 2.0)) for n in range(30)]
    wide = [ran(TrialKey("a", 2.0, n), off_by(0.5)) for n in range(30)]
    found = facts(records + wide)
    assert found["trials"] == 30
    assert found["success_rate"] == pytest.approx(20 / 30)
    assert found["success_by_spread"] == {"1": pytest.approx(20 / 30), "2": 1.0}
    assert found["rmsd_proj_mm"] == pytest.approx(0.0, abs=1e-9)
    assert found["time_ms"] == {"mean": 5.0, "sd": 0.0, "p50": 5.0}
    assert found["mtre_proj_mm"]["p50"] == pytest.approx(0.5)
    assert found["failed"] == {}
    assert len(found["success_by_start_error"]) == 3
    assert found["largest_start_mm"] == max(r.trial.start.mtre_proj_mm for r in records + wide)
    assert facts(records[:1])["time_ms"]["p50"] == 5.0
    assert facts([])["success_rate"] == 0.0
