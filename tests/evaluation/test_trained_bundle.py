"""A training ends in a bundle with its figures, without checkpoints; unknown profiles are refused."""

import json

import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.trained_bundle import train_bundle
from fluoropose.io.bundles import load_bundle
from fluoropose.train.profiles import profile


def test_a_bundle_is_stored_with_what_was_measured(small_case, tmp_path):
    facts = train_bundle(small_case, tmp_path / "small", "tiny", 0, Environment())
    assert facts["trials"] == profile("tiny").starts == 3
    assert load_bundle(tmp_path / "small").case_digest == small_case.digest
    manifest = json.loads((tmp_path / "small" / "manifest.json").read_text())
    assert manifest["measured"] == facts
    assert not (tmp_path / "small.checkpoints").exists()


def test_an_unknown_profile_is_refused(small_case, tmp_path):
    with pytest.raises(InputError, match="got 'slow'"):
        train_bundle(small_case, tmp_path / "small", "slow", 0, Environment())
