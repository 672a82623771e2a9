"""CUDA in tests: a device, or numba's simulator of one, which must be chosen before numba is imported."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from numba import config, cuda

__all__ = ["SIMULATED", "needs_cuda", "run_in_simulator"]

SIMULATED = bool(config.ENABLE_CUDASIM)

needs_cuda = pytest.mark.skipif(
    not SIMULATED and not cuda.is_available(), reason="no CUDA device here; tests/drr/test_cuda.py runs it simulated"
)
"""A mark for tests that run on a CUDA device, or in the simulator."""


def run_in_simulator(*files: Path, only: str = "") -> int:
    """Run files of tests in a process that simulates CUDA; return how many passed, once none failed or was skipped."""
    chosen = ["-k", only] if only else []
    # This may be a worker of pytest-xdist, with options of its own; the process that is started is not.
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *chosen, *map(str, files)],
        env=outer | {"NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None and "skipped" not in done.stdout, done.stdout
    return int(passed[1])
