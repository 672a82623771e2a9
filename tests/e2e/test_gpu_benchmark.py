"""The script that measures a GPU, on the CPU: that it runs, and that a processor agrees with itself."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "deploy" / "benchmarks" / "gpu.py"


def test_the_cpu_agrees_with_itself(cases_root, tmp_path):
    written = tmp_path / "gpu.json"
    words = ["--device", "cpu", "--objects", cases_root / "small", "--repeats", "1", "--frames", "1", "--json", written]
    done = subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(written.read_text())
    assert (figures["networks"], figures["renderer"]) == ("cpu", "cpu")
    small = figures["objects"]["small"]
    assert (small["views"], small["largest_difference"], small["any_camera"]["largest_difference"]) == (49, 0.0, 0.0)
    assert 0.0 < small["largest_stored_difference"] < 1e-3  # float16 holds 11 bits
    assert small["tile_ms"] > 0.0
    assert small["frames"]["apart_mm_largest"] < 1e-6
