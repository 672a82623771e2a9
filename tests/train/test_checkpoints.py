"""Checkpoints: read back by the training that wrote them, and never half written."""

import numpy as np
import pytest
import torch

from fluoropose.errors import StorageError
from fluoropose.train.checkpoints import read_checkpoint, restore_training, write_checkpoint, write_training


def test_a_checkpoint_comes_back_to_its_own_training_only(tmp_path):
    path = tmp_path / "new" / "c.pt"
    assert read_checkpoint(path, "mine") is None
    write_checkpoint(path, {"identity": "mine", "net": {"a": torch.arange(3)}, "done": 7})
    state = read_checkpoint(path, "mine")
    assert state["done"] == 7
    torch.testing.assert_close(state["net"]["a"], torch.arange(3))
    assert read_checkpoint(path, "another") is None
    assert [item.name for item in path.parent.iterdir()] == ["c.pt"]


def test_a_checkpoint_that_cannot_be_written_leaves_the_older_one(tmp_path):
    path = tmp_path / "c.pt"
    write_checkpoint(path, {"identity": "mine", "done": 1})
    (tmp_path / "c.part").mkdir()
    with pytest.raises(StorageError, match=r"expected to write the checkpoint c\.pt"):
        write_checkpoint(path, {"identity": "mine", "done": 2})
    assert read_checkpoint(path, "mine")["done"] == 1


def training(seed):
    """Return the parts of a training: a network that took one step, its optimiser and its generator."""
    torch.manual_seed(seed)
    net, rng = torch.nn.Linear(3, 2), np.random.default_rng(seed)
    optimiser = torch.optim.Adam(net.parameters())
    net(torch.from_numpy(rng.random((4, 3), np.float32))).sum().backward()
    optimiser.step()
    return net, optimiser, rng


def test_a_training_goes_on_as_if_it_had_not_stopped(tmp_path):
    path, first, second = tmp_path / "c.pt", training(1), training(2)
    write_training(path, "mine", *first, {"done": 5})
    assert restore_training(path, "another", *second) is None
    assert restore_training(path, "mine", *second)["done"] == 5
    for one, other in zip(first[0].parameters(), second[0].parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0.0, atol=0.0)
    assert first[1].state_dict()["state"][0]["step"] == second[1].state_dict()["state"][0]["step"]
    assert first[2].random() == second[2].random()
