"""Some mutated messages of each kind to a running service; `tests/tools/fuzz_service.py` sends them for minutes."""

import numpy as np
import pytest

from support.fuzzing import KINDS, Fuzzer
from tools.fuzz_readers import mutated


@pytest.mark.parametrize("kind", KINDS)
def test_no_message_is_answered_by_a_fault(target, kind):
    tally = Fuzzer(target, mutated, np.random.default_rng(7)).run(kind, lambda sent: sent == 40)
    assert tally.faults == []
    assert tally.sent == 40
    assert set(tally.answers) - {"200", "201", "answered", "nothing"}, "some are refused"
