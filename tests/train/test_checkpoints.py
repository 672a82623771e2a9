"""Checkpoints: read back by the training that wrote them, and never half written."""

import pytest
import torch

from fluoropose.errors import StorageError
from fluoropose.train.checkpoints import read_checkpoint, write_checkpoint


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
