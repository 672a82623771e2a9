import numpy as np
import pytest

from fluoropose.errors import StorageError
from fluoropose.io.weights import load_weights, store_weights


def test_weights_come_back(tmp_path, rng):
    weights = {stage: {"a.weight": rng.random((3, 2)), "count": np.array(4)} for stage in ("coarse", "fine")}
    store_weights(tmp_path / "universal", weights)
    found = load_weights(tmp_path / "universal")
    for stage, arrays in weights.items():
        assert found[stage].keys() == arrays.keys()
        np.testing.assert_array_equal(found[stage]["a.weight"], arrays["a.weight"])


def test_missing_and_broken_weights_are_named(tmp_path):
    with pytest.raises(StorageError, match="weights in universal, got no"):
        load_weights(tmp_path / "universal")
    (tmp_path / "coarse.npz").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(StorageError, match=r"coarse\.npz"):
        load_weights(tmp_path)
