"""`train`: a bundle with a card, and one line for every mistake."""

import json
import signal

import pytest

from fluoropose.train import fit
from support.commands import refused, run


def test_train_makes_a_bundle_with_a_card(cases_root, tmp_path):
    result = run(
        "train", cases_root / "small", "--out", tmp_path / "small", "--profile", "tiny", "--json", tmp_path / "f.json"
    )
    assert result.exit_code == 0, result.output
    assert "training computes in" in result.output
    for title in ("1 of 5: rendering pictures", "2 of 5: training the coarse", "3 of 5: training the fine",
                  "4 of 5: simulating frames", "5 of 5: measuring"):  # fmt: skip
        assert f"step {title}" in result.output
    assert "No real X-ray was seen" in (tmp_path / "small" / "CARD.md").read_text()
    assert json.loads((tmp_path / "f.json").read_text())["trials"] == 3
    assert not (tmp_path / "small.checkpoints").exists()


def test_train_refuses(cases_root, tmp_path):
    refused(run("train", tmp_path, "--out", tmp_path / "m"), "no case.json")
    refused(run("train", cases_root / "small", "--out", tmp_path / "m", "--profile", "slow"), "got 'slow'")


@pytest.fixture
def interrupt_at(monkeypatch):
    """Return what makes Ctrl-C come in the iteration of that number, and the list of all iterations that were made."""
    made, plain = [], fit._iterate

    def arm(number):
        def iterate(*args):
            made.append(number)
            if len(made) == number:
                signal.raise_signal(signal.SIGINT)
            return plain(*args)

        monkeypatch.setattr(fit, "_iterate", iterate)
        return made

    return arm


def test_an_interrupted_training_keeps_its_iterations_and_goes_on(cases_root, tmp_path, interrupt_at):
    words = ("train", cases_root / "small", "--out", tmp_path / "small", "--profile", "tiny")
    made = interrupt_at(2)
    result = run(*words)
    assert result.exit_code == 130
    text = " ".join(result.output.split())
    assert "small.checkpoints is kept; the same command goes on from it" in text
    assert "Traceback" not in text
    assert run(*words).exit_code == 0
    assert len(made) == 4 + 8, "no iteration was made twice"


def test_a_training_without_a_checkpoint_says_that_it_begins_again(cases_root, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("fluoropose.train.run.build_bank", interrupt)
    result = run("train", cases_root / "small", "--out", tmp_path / "small", "--profile", "tiny")
    assert result.exit_code == 130
    assert "before the first checkpoint" in " ".join(result.output.split())
