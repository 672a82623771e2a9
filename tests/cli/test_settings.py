"""How many cores there are to use."""

import os
from pathlib import Path

import pytest

from fluoropose.cli.settings import available_cores


@pytest.fixture
def machine(monkeypatch):
    """A machine of 64 cores with this text in its cgroup's cpu.max; None for no such file."""

    def made(text):
        def read(path):
            assert path == Path("/sys/fs/cgroup/cpu.max")
            if text is None:
                raise FileNotFoundError(path)
            return text

        monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
        monkeypatch.setattr(Path, "read_text", read)

    return made


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("200000 100000\n", 2), ("150000 100000\n", 1), ("50000 100000\n", 1), ("max 100000\n", 64),
        ("99000000 100000\n", 64), ("", 64), ("broken\n", 64), (None, 64),
    ],
)  # fmt: skip
def test_a_containers_quota_bounds_the_cores(machine, text, cores):
    machine(text)
    assert available_cores() == cores
