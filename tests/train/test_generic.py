"""Random objects for general weights."""

import numpy as np

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.train.fit import fit_stage
from fluoropose.train.generic import random_subject
from fluoropose.train.profiles import STAGES, Profile


def test_a_random_subject_can_be_learnt(tmp_path):
    subject = random_subject(np.random.default_rng(3), pictures=4, grid=AtlasGrid(4.0, 2.0))
    assert len(subject.bank.images) == 4
    _, report = fit_stage(STAGES[1], Profile("one", 1, 4), [subject], tmp_path / "c.pt")
    assert np.isfinite(report.last_loss_percent)
