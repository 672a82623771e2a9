"""Read-only arrays: what is shared, what is copied, and that the source stays writable."""

import numpy as np
import pytest

from fluoropose.arrays import make_read_only


def test_a_contiguous_array_is_shared_and_stays_writable_itself():
    source = np.arange(6.0).reshape(2, 3)
    frozen = make_read_only(source)
    assert np.shares_memory(frozen, source)
    with pytest.raises(ValueError, match="read-only"):
        frozen[0, 0] = 1.0
    source[0, 0] = 7.0
    assert frozen[0, 0] == 7.0


def test_another_memory_order_is_copied():
    source = np.arange(6.0).reshape(2, 3).T
    frozen = make_read_only(source)
    assert not np.shares_memory(frozen, source)
    assert frozen.flags.c_contiguous
    assert not frozen.flags.writeable
    np.testing.assert_array_equal(frozen, source)


def test_a_read_only_array_stays_what_it_is():
    frozen = make_read_only(np.zeros(3))
    assert np.shares_memory(make_read_only(frozen), frozen)
    assert not make_read_only(frozen).flags.writeable
