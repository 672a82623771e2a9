"""Fitting: it teaches, resumes from its own checkpoints only, and starts from given weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fluoropose.errors import StorageError
from fluoropose.train.fit import FitSettings, FixedSubjects, Subject, fit_stage
from fluoropose.train.profiles import STAGES, Profile

COARSE = replace(STAGES[0], batch=8)


@pytest.fixture
def subject(small_case, bank):
    return Subject(small_case.atlas, bank, small_case.corners_mm)


def weights(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def test_training_teaches(subject, tmp_path):
    losses = []
    fit_stage(
        replace(COARSE, batch=32), Profile("brief", 60, 40), FixedSubjects([subject]), tmp_path / "c.pt",
        watch=lambda done, total, loss: losses.append(loss),
    )  # fmt: skip
    assert losses[-1] < 0.9 * losses[5]


def test_both_number_types_train_alike(subject, tmp_path):
    """Three steps in float32 and in bfloat16 give nearly the same loss; a processor without the latter is not slow."""
    reports = [
        fit_stage(
            COARSE,
            Profile("brief", 3, 40),
            FixedSubjects([subject]),
            tmp_path / str(dtype),
            settings=FitSettings(dtype=dtype),
        )[1]
        for dtype in (torch.float32, torch.bfloat16)
    ]
    assert reports[0].last_loss_percent == pytest.approx(reports[1].last_loss_percent, rel=0.02)


def test_an_interrupted_run_goes_on_to_the_same_weights(subject, tmp_path):
    brief, often = Profile("brief", 6, 40), FitSettings(checkpoint_every=3)

    def fitted(path, watch=lambda done, total, loss: None):
        return fit_stage(COARSE, brief, FixedSubjects([subject]), path, watch=watch, settings=often)[0]

    def interrupt(done, total, loss):
        if done == 4:
            raise KeyboardInterrupt

    whole = fitted(tmp_path / "a.pt")
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "b.pt", interrupt)
    seen = []
    resumed = fitted(tmp_path / "b.pt", lambda done, total, loss: seen.append(done))
    assert seen == [5, 6], "the interrupt itself wrote a checkpoint, though one is due every third iteration"
    torch.testing.assert_close(weights(resumed), weights(whole), rtol=1e-3, atol=1e-5)


def test_many_subjects_are_learnt_together_and_initial_weights_are_a_start(subject, tmp_path):
    brief = Profile("brief", 2, 40)
    net, report = fit_stage(COARSE, brief, FixedSubjects([subject] * 6), tmp_path / "a.pt")
    assert np.isfinite(report.last_loss_percent)
    still = Profile("still", 1, 40)
    again, _ = fit_stage(
        replace(COARSE, peak_rate=0.0), still, FixedSubjects([subject]), tmp_path / "b.pt", initial=net.state_dict()
    )
    torch.testing.assert_close(weights(again), weights(net), rtol=1e-3, atol=1e-4)


def test_a_network_takes_its_share_of_the_iterations(subject, tmp_path):
    _, report = fit_stage(
        replace(COARSE, effort=0.5), Profile("six", 6, 40), FixedSubjects([subject]), tmp_path / "c.pt"
    )
    assert report.iterations == 3


def test_an_interrupt_ends_a_training_whose_checkpoint_cannot_be_written(subject, tmp_path):
    (tmp_path / "file").write_text("in the way")

    def interrupt(done, total, loss):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_stage(COARSE, Profile("x", 3, 40), FixedSubjects([subject]), tmp_path / "file" / "c.pt", watch=interrupt)


def test_a_checkpoint_of_another_run_is_not_used(subject, tmp_path):
    args = (FixedSubjects([subject]), tmp_path / "c.pt")
    fit_stage(COARSE, Profile("one", 2, 40), *args)
    seen = []
    fit_stage(COARSE, Profile("two", 2, 40), *args, watch=lambda done, total, loss: seen.append(done))
    assert seen == [1, 2]


def test_a_disk_that_refuses_the_checkpoint_is_named(subject, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="checkpoint"):
        fit_stage(COARSE, Profile("x", 1, 40), FixedSubjects([subject]), tmp_path / "file" / "c.pt")
