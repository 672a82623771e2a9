"""The training of a case: which weights it starts from, what it makes, and profiles that train nothing."""

import numpy as np
import pytest
import torch

from fluoropose.errors import InputError
from fluoropose.io.bundles import load_bundle
from fluoropose.train.network import EquationNet, build_net
from fluoropose.train.profiles import STAGES, profile
from fluoropose.train.run import initial_tensors, train_case


def test_a_case_starts_from_weights_that_fit_and_leaves_others():
    shape = STAGES[1].shape
    given = {name: value.numpy() for name, value in EquationNet(shape, 128).state_dict().items()}
    assert initial_tensors({"fine": given}, STAGES[1], 128, surrounded=False).keys() == given.keys()
    assert initial_tensors({"fine": given}, STAGES[1], 64, surrounded=False) is None
    assert initial_tensors({"fine": given}, STAGES[0], 128, surrounded=False) is None
    assert initial_tensors(None, STAGES[1], 128, surrounded=False) is None


def test_weights_that_know_no_surroundings_start_with_none_of_them(rng):
    """What a network of five inputs says is what it says with surroundings, whatever these are, before training."""
    net = EquationNet(STAGES[1].shape, 128).eval()
    given = {name: value.numpy() for name, value in net.state_dict().items()}
    wider = EquationNet(STAGES[1].shape, 128, surrounded=True).eval()
    wider.load_state_dict(initial_tensors({"fine": given}, STAGES[1], 128, surrounded=True))
    frame, views = (torch.from_numpy(rng.random((1, n, 128, 128)).astype(np.float32)) for n in (1, 6))
    with torch.no_grad():
        torch.testing.assert_close(wider(frame, views)[:2], net(frame, views[:, :5])[:2], rtol=1e-4, atol=1e-4)
        moved = [wider.train()(frame, views)[1], wider(frame, torch.cat([views[:, :5], 2.0 * views[:, 5:]], 1))[1]]
    torch.testing.assert_close(*moved)


def test_without_training_the_general_weights_are_the_model(small_case, tmp_path):
    size_px = small_case.atlas.view.size_px

    def random_weights(seed):
        torch.manual_seed(seed)
        nets = {stage.name: build_net(stage.shape, size_px) for stage in STAGES}
        return {name: {key: value.numpy() for key, value in net.state_dict().items()} for name, net in nets.items()}

    made = [
        train_case(
            small_case, profile("instant"), tmp_path / str(n), threads=1, seed=seed, initial=random_weights(weights)
        )
        for n, (weights, seed) in enumerate([(1, 0), (1, 5), (2, 0)])
    ]
    assert [report.iterations for report in made[0].reports.values()] == [0, 0]
    assert made[0].models == made[1].models
    assert made[0].models != made[2].models
    with pytest.raises(
        InputError, match=f"general weights of every network for views of {size_px} px .*none for coarse"
    ):
        train_case(small_case, profile("instant"), tmp_path / "x", initial={"fine": random_weights(1)["fine"]})


def test_a_bundle_carries_what_every_runtime_must_reproduce(small_case, models_root):
    bundle = load_bundle(models_root / "small")
    assert set(bundle.models) == {"coarse", "fine"}
    assert bundle.case_digest == small_case.digest
    assert all(model.size_bytes < 4_000_000 for model in bundle.models.values())
