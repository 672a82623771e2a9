"""Training: samples that are right, a loss that means millimetres, runs that resume, exports that agree."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import rest_renderer
from fluoropose.errors import InputError, StorageError
from fluoropose.geometry.canonical import pose_from_canonical
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import from_zxy
from fluoropose.train import fit, generic, run
from fluoropose.train.appearance import draw_appearance, dress
from fluoropose.train.fit import Subject, fit_stage
from fluoropose.train.generic import random_subject
from fluoropose.train.loss import PointLoss
from fluoropose.train.network import EquationNet, build_net
from fluoropose.train.profiles import PROFILES, STAGES, Profile, profile
from fluoropose.train.synthesis import OffsetRanges, build_bank, sample_batch
from support.cases import TINY, tiny_bundle

COARSE = replace(STAGES[0], batch=8)
RANGES = OffsetRanges(0.05, 0.04, 5.0, 6.0, smallest=0.9)


@pytest.fixture(scope="module")
def bank(small_case):
    return build_bank(CpuRenderer(small_case.volume, 0.7), small_case.atlas, 40, np.random.default_rng(1))


def test_a_sample_shows_the_object_at_its_residual(small_case, bank, monkeypatch):
    """Undressed, a sample is the picture that a canonical camera would take of the object at the residual's pose."""
    from fluoropose.train import synthesis

    monkeypatch.setattr(synthesis, "dress", lambda objects, draws, around: objects)
    batch = sample_batch(bank, small_case.atlas, RANGES, 6, np.random.default_rng(2))
    view = small_case.atlas.view
    renderer = CpuRenderer(small_case.volume, 0.5)
    for n in range(6):
        residual = batch.residuals[n]
        rotation = from_zxy(*residual[3:]) @ small_case.atlas.rotation(int(batch.view_index[n]))
        centre = np.array([residual[0], residual[1], view.range_mm + residual[2]])
        shown = renderer.render(view.camera, pose_from_canonical(np.eye(3), rotation, centre, view))
        shifted = np.roll(shown, 1, axis=1)
        assert np.abs(batch.frames[n] - shown).mean() < 0.35 * np.abs(shifted - shown).mean()


def test_dressing_keeps_to_its_range_and_repeats(bank):
    objects = -np.log1p(-np.ascontiguousarray(bank.images[:8, :128, :128]))
    frames = [dress(objects, draw_appearance(np.random.default_rng(5), 8, 128)) for _ in range(2)]
    np.testing.assert_array_equal(*frames)
    assert np.isfinite(frames[0]).all()
    assert frames[0].min() > -1.0
    assert frames[0].max() < 15.0
    plain = dress(objects, draw_appearance(np.random.default_rng(5), 8, 128, strength=0.0))
    for frame, lines in zip(plain, objects, strict=True):
        assert np.corrcoef(frame.ravel(), lines.ravel())[0, 1] > 0.5


def test_absent_objects_are_absent(small_case, bank):
    batch = sample_batch(bank, small_case.atlas, RANGES, 400, np.random.default_rng(3), absent=0.25)
    assert 0.15 < 1.0 - batch.present.mean() < 0.35


def test_the_loss_is_the_motion_of_the_corners(small_case):
    """Against the exact motion of the corners for a small error, in percent of the object's size."""
    loss = PointLoss(small_case.atlas, small_case.corners_mm)
    view, index = small_case.atlas.view, 10
    error = np.array([0.3, -0.2, 2.0, 0.004, 0.003, -0.005])
    image, space = loss.moves(torch.tensor(error[None], dtype=torch.float32), torch.tensor([index]))
    still = pose_from_canonical(np.eye(3), small_case.atlas.rotation(index), np.array([0, 0, view.range_mm]), view)
    turned = from_zxy(*error[3:]) @ small_case.atlas.rotation(index)
    moved = pose_from_canonical(np.eye(3), turned, error[:3] + [0, 0, view.range_mm], view)
    before, after = (transform(pose, small_case.corners_mm) for pose in (still, moved))
    to_percent = 100.0 / small_case.size_mm
    exact_space = np.linalg.norm(after - before, axis=1).mean() * to_percent
    seen = [p[:, :2] / p[:, 2:] * before[:, 2:] for p in (before, after)]
    exact_image = np.linalg.norm(seen[1] - seen[0], axis=1).mean() * to_percent
    assert float(space[0]) == pytest.approx(exact_space, rel=0.03)
    assert float(image[0]) == pytest.approx(exact_image, rel=0.06)


def test_the_loss_does_not_ask_for_angles_that_are_not_taught(small_case):
    loss = PointLoss(small_case.atlas, small_case.corners_mm)
    truth, index = torch.zeros(2, 6), torch.tensor([10, 10])
    wrong = torch.tensor([[0.0, 0, 0, 0, 0.5, 0.5]]).repeat(2, 1)
    found = loss.point_loss(wrong, truth, index, torch.tensor([0.0, 1.0]))
    assert float(found[0]) < 1e-3
    assert float(found[1]) > 1.0


def test_surroundings_are_drawn_where_the_ct_has_them(small_case, monkeypatch):
    """With the object itself as its surroundings and no nudge, both show the same in a sample."""
    from fluoropose.train import synthesis

    monkeypatch.setattr(synthesis, "_LOOSE_MM", 0.0)
    monkeypatch.setattr(synthesis, "_LOOSE_RAD", 0.0)
    monkeypatch.setattr(synthesis, "_SURROUNDED", 0.6)
    seen = []
    monkeypatch.setattr(synthesis, "dress", lambda objects, draws, around: seen.append((objects, around)) or objects)
    renderer = CpuRenderer(small_case.volume, 0.7)
    bank = build_bank(renderer, small_case.atlas, 4, np.random.default_rng(1), rest=renderer)
    sample_batch(bank, small_case.atlas, RANGES, 20, np.random.default_rng(2))
    objects, around = seen[0]
    shown = [n for n in range(20) if np.ptp(around[n]) > 0]
    assert 8 <= len(shown) <= 19
    for n in shown:
        assert np.corrcoef(objects[n].ravel(), around[n].ravel())[0, 1] > 0.97


def test_in_a_body_less_is_made_up_and_the_dose_is_that_behind_it(rng):
    draws = draw_appearance(rng, 600, 128)
    where = np.arange(600) < 300
    inside = draws.in_body(where, rng)
    np.testing.assert_array_equal(inside.bars[300:], draws.bars[300:])
    np.testing.assert_array_equal(inside.scalars[300:], draws.scalars[300:])
    bones, lines = (slice(0, 4), slice(4, 7))
    assert 0.25 < (inside.bars[:300, bones, 5] != 0).sum() / (draws.bars[:300, bones, 5] != 0).sum() < 0.45
    np.testing.assert_array_equal(inside.bars[:300, lines], draws.bars[:300, lines])
    behind = inside.scalars[:300, 7] * np.exp(-inside.scalars[:300, 1])
    assert behind.min() > 399.0
    assert behind.max() < 20001.0


def test_a_sample_brings_the_surroundings_of_its_view(surrounded_case):
    atlas = surrounded_case.atlas
    renderer = CpuRenderer(surrounded_case.volume, 1.0)
    rest = rest_renderer(surrounded_case.rest, atlas.view)
    bank = build_bank(renderer, atlas, 2, np.random.default_rng(1), rest=rest)
    batch = sample_batch(bank, atlas, RANGES, 3, np.random.default_rng(2))
    assert batch.views.shape == (3, 6, 128, 128)
    for views, index in zip(batch.views, batch.view_index, strict=True):
        np.testing.assert_array_equal(views[0], atlas.views[index].astype(np.float32))
        np.testing.assert_array_equal(views[5], atlas.surroundings[index].astype(np.float32))


def test_training_teaches(small_case, bank, tmp_path):
    losses = []
    brief = Profile("brief", 60, 40)
    fit_stage(
        replace(COARSE, batch=32), brief, [Subject(small_case.atlas, bank, small_case.corners_mm)], tmp_path / "c.pt",
        watch=lambda done, total, loss: losses.append(loss),
    )  # fmt: skip
    assert losses[-1] < 0.9 * losses[5]


def weights(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def test_an_interrupted_run_goes_on_to_the_same_weights(small_case, bank, tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "CHECKPOINT_EVERY", 3)
    brief = Profile("brief", 6, 40)

    def fitted(path, watch=lambda done, total, loss: None):
        return fit_stage(COARSE, brief, [Subject(small_case.atlas, bank, small_case.corners_mm)], path, watch=watch)[0]

    def interrupt(done, total, loss):
        if done == 4:
            raise KeyboardInterrupt

    whole = fitted(tmp_path / "a.pt")
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "b.pt", interrupt)
    seen = []
    resumed = fitted(tmp_path / "b.pt", lambda done, total, loss: seen.append(done))
    assert seen == [4, 5, 6]
    torch.testing.assert_close(weights(resumed), weights(whole), rtol=1e-3, atol=1e-5)


def test_many_subjects_are_learnt_together_and_initial_weights_are_a_start(small_case, bank, tmp_path):
    subject = Subject(small_case.atlas, bank, small_case.corners_mm)
    brief = Profile("brief", 2, 40)
    net, report = fit_stage(COARSE, brief, [subject] * 6, tmp_path / "a.pt")
    assert np.isfinite(report.last_loss_percent)
    still = Profile("still", 1, 40)
    again, _ = fit_stage(replace(COARSE, peak_rate=0.0), still, [subject], tmp_path / "b.pt", initial=net.state_dict())
    torch.testing.assert_close(weights(again), weights(net), rtol=1e-3, atol=1e-4)


def test_a_case_starts_from_weights_that_fit_and_leaves_others(small_case):
    shape, atlas = STAGES[1].shape, small_case.atlas
    given = {name: value.numpy() for name, value in EquationNet(shape, 128).state_dict().items()}
    smaller = replace(atlas, view=replace(atlas.view, size_px=64))
    assert run._tensors({"fine": given}, STAGES[1], atlas).keys() == given.keys()
    assert run._tensors({"fine": given}, STAGES[1], smaller) is None
    assert run._tensors({"fine": given}, STAGES[0], atlas) is None
    assert run._tensors(None, STAGES[1], atlas) is None


def test_weights_that_know_no_surroundings_start_with_none_of_them(surrounded_case, rng):
    """What a network of five inputs says is what it says with surroundings, whatever these are, before training."""
    net = EquationNet(STAGES[1].shape, 128).eval()
    given = {name: value.numpy() for name, value in net.state_dict().items()}
    wider = EquationNet(STAGES[1].shape, 128, surrounded=True).eval()
    wider.load_state_dict(run._tensors({"fine": given}, STAGES[1], surrounded_case.atlas))
    frame, views = (torch.from_numpy(rng.random((1, n, 128, 128)).astype(np.float32)) for n in (1, 6))
    with torch.no_grad():
        torch.testing.assert_close(wider(frame, views)[:2], net(frame, views[:, :5])[:2], rtol=1e-4, atol=1e-4)
        moved = [wider.train()(frame, views)[1], wider(frame, torch.cat([views[:, :5], 2.0 * views[:, 5:]], 1))[1]]
    torch.testing.assert_close(*moved)


def test_without_training_the_general_weights_are_the_model(small_case, tmp_path):
    size_px = small_case.atlas.view.size_px

    def drawn(seed):
        torch.manual_seed(seed)
        nets = {stage.name: build_net(stage.shape, size_px) for stage in STAGES}
        return {name: {key: value.numpy() for key, value in net.state_dict().items()} for name, net in nets.items()}

    made = [
        run.train_case(small_case, profile("instant"), tmp_path / str(n), seed=seed, initial=drawn(weights))
        for n, (weights, seed) in enumerate([(1, 0), (1, 5), (2, 0)])
    ]
    assert [report.iterations for report in made[0].reports.values()] == [0, 0]
    assert made[0].models == made[1].models
    assert made[0].models != made[2].models
    with pytest.raises(InputError, match=f"general weights of every stage for views of {size_px} px .*none for coarse"):
        run.train_case(small_case, profile("instant"), tmp_path / "x", initial={"fine": drawn(1)["fine"]})


def test_a_random_subject_can_be_learnt(tmp_path, monkeypatch):
    monkeypatch.setattr(generic, "GENERIC_GRID", AtlasGrid(4.0, 2.0))
    subject = random_subject(np.random.default_rng(3), pictures=4)
    assert len(subject.bank.images) == 4
    _, report = fit_stage(STAGES[1], Profile("one", 1, 4), [subject], tmp_path / "c.pt")
    assert np.isfinite(report.last_loss_percent)


def test_a_stage_takes_its_share_of_the_iterations(small_case, bank, tmp_path):
    subject = Subject(small_case.atlas, bank, small_case.corners_mm)
    _, report = fit_stage(replace(COARSE, effort=0.5), Profile("six", 6, 40), [subject], tmp_path / "c.pt")
    assert report.iterations == 3


def test_a_checkpoint_of_another_run_is_not_used(small_case, bank, tmp_path):
    args = ([Subject(small_case.atlas, bank, small_case.corners_mm)], tmp_path / "c.pt")
    fit_stage(COARSE, Profile("one", 2, 40), *args)
    seen = []
    fit_stage(COARSE, Profile("two", 2, 40), *args, watch=lambda done, total, loss: seen.append(done))
    assert seen == [1, 2]


def test_a_disk_that_refuses_the_checkpoint_is_named(small_case, bank, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="checkpoint"):
        fit_stage(
            COARSE,
            Profile("x", 1, 40),
            [Subject(small_case.atlas, bank, small_case.corners_mm)],
            tmp_path / "file" / "c.pt",
        )


def test_a_bundle_carries_what_every_runtime_must_reproduce(small_case, tmp_path):
    bundle = tiny_bundle(small_case, tmp_path)
    assert set(bundle.models) == {"coarse", "fine"}
    assert bundle.case_digest == small_case.digest
    assert all(model.size_bytes < 4_000_000 for model in bundle.models.values())


def test_profiles_are_named():
    assert profile("quick") is PROFILES["quick"]
    assert TINY.name == "tiny"
    with pytest.raises(InputError, match="tiny, instant, minute, five-minutes, quick, full, got 'slow'"):
        profile("slow")
