"""A few hundred mutated files per reader; `tests/tools/fuzz_readers.py` does it for minutes."""

import numpy as np
import pytest

from tools.fuzz_readers import fuzz, mutated, readers

READERS = readers()
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", sorted(READERS))
def test_what_is_changed_can_be_read_before(tmp_path, name):
    for data in READERS[name].seeds:
        (tmp_path / f"sound{READERS[name].ending}").write_bytes(data)
        READERS[name].read(tmp_path / f"sound{READERS[name].ending}")


@pytest.mark.parametrize("name", sorted(READERS))
def test_nothing_but_our_errors(tmp_path, name):
    count, refused, failures = fuzz(READERS[name], tmp_path, np.random.default_rng(7), lambda done: done == 150)
    assert failures == []
    assert count == 150
    assert refused > 10 or name == "json"


def test_a_seed_repeats_its_files():
    files = [[mutated(b"header " * 30, np.random.default_rng(seed)) for _ in range(3)] for seed in (3, 3, 4)]
    assert files[0] == files[1] != files[2]
