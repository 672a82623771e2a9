"""CRC-64 agrees with another implementation and with the published check value."""

import sys

import pytest
from pyigtl.messages import CRC64

from fluoropose.errors import InputError
from fluoropose.igtlink.checksum import crc64


def test_the_check_value_of_ecma_182_comes_out():
    assert crc64(b"123456789") == 0x6C40DF5F0B497347


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1000, 65537])
def test_it_is_that_of_pyigtl(rng, count):
    data = rng.bytes(count)
    assert crc64(data) == CRC64(data)


def test_without_the_extra_the_user_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fastcrc", None)
    with pytest.raises(InputError, match=r"pip install 'fluoropose\[igtl\]'"):
        crc64(b"")
