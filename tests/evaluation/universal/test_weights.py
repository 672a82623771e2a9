"""The training of the universal weights: refused plans, an interrupted run, and the bundle at its end."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.errors import InputError, StorageError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.universal import weights
from fluoropose.evaluation.universal.weights import UniversalWeightsPlan, train_universal_weights
from fluoropose.io.bundles import load_bundle
from fluoropose.io.weights import load_weights
from fluoropose.train.universal import UNIVERSAL_STAGES, StreamedSubjects, universal_subject


def test_a_stage_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="a stage of coarse, fine"):
        train_universal_weights(tmp_path / "universal", UniversalWeightsPlan("middle"), Environment())


def test_weights_to_start_from_must_be_there(tmp_path):
    with pytest.raises(StorageError, match="expected weights in none"):
        plan = UniversalWeightsPlan("fine", 1, start=tmp_path / "none")
        train_universal_weights(tmp_path / "universal", plan, Environment())


@pytest.fixture
def quick(monkeypatch):
    """Two small subjects in place of the stream's forty, and batches of four."""
    few = AtlasGrid(2.0, 2.0)
    subjects = [universal_subject(np.random.default_rng(seed), 2, few) for seed in range(2)]

    class Two(StreamedSubjects):
        def draw(self, iteration, rng):
            return [weights_subject(subject) for subject in subjects]

    from fluoropose.train.fit import learnt_subject as weights_subject

    monkeypatch.setattr(weights, "StreamedSubjects", Two)
    small = {
        name: replace(network, stage=replace(network.stage, batch=4), grid=few)
        for name, network in UNIVERSAL_STAGES.items()
    }
    monkeypatch.setattr(weights, "UNIVERSAL_STAGES", small)


def test_both_stages_give_weights_and_then_the_bundle(tmp_path, quick):
    folder = tmp_path / "universal"
    train_universal_weights(folder, UniversalWeightsPlan("coarse", 1), Environment())
    assert not (folder / "alone").exists()
    train_universal_weights(folder, UniversalWeightsPlan("fine", 1), Environment())
    assert set(load_weights(folder)) == {"coarse", "fine"}
    alone, body = (load_bundle(folder / part) for part in ("alone", "body"))
    assert (alone.universal, alone.surrounded, body.surrounded) == (True, False, True)
    assert (tmp_path / "universal.checkpoints" / "fine.pt").is_file()
