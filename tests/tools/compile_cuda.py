"""Compile the CUDA kernels to PTX without a GPU, for which numba-cuda's compiler is enough: it finds wrong types.

    pip install 'fluoropose[cuda]'
    python tests/tools/compile_cuda.py --capability 7.5 --out FOLDER

numba asks for the device's compute capability where one kernel calls another function; the answer is given here.
"""

import argparse
import re
from pathlib import Path
from types import SimpleNamespace

from numba import cuda, float32, float64, int32, int64, types
from numba.cuda import compiler, dispatcher

from fluoropose.drr import cuda_kernels

PICTURES, HALVES = float32[:, :, ::1], types.float16[:, :, ::1]
AXES, GEOMETRY, TILES = int64[:, ::1], float64[:, ::1], int32[:, :, :, ::1]
SIGNATURES = {
    "reset_tiles": (TILES, int64, int64),
    "clip_tiles": (int32[:, ::1], AXES, GEOMETRY, int64, int64, TILES),
    "sum_planes": (float32[::1], AXES, GEOMETRY, TILES, PICTURES),
    "sum_steps": (float32[::1], AXES, GEOMETRY, float64, PICTURES),
    "round_pictures": (PICTURES, HALVES),
    "place_pictures": (HALVES, int64[::1], HALVES),
}
"""The types that `drr.cuda` launches each kernel with."""


def main() -> None:
    """Compile each kernel and print how long it is and how many of its instructions are in float64."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--capability", default="7.5", help="compute capability, for example 9.0")
    options.add_argument("--out", type=Path, help="write the PTX into this folder")
    given = options.parse_args()
    capability = tuple(int(part) for part in given.capability.split("."))
    device = SimpleNamespace(compute_capability=capability, id=0)
    for module in (compiler, dispatcher):
        module.get_current_device = lambda: device
    for name, signature in SIGNATURES.items():
        ptx, _ = cuda.compile_ptx(getattr(cuda_kernels, name).py_func, signature, cc=capability)
        double = len(re.findall(r"^\s*(?!ld|st|\.)\S*\.f64", ptx, re.M))
        print(f"{name:16} {len(ptx.splitlines()):5} lines, {double:4} instructions in float64")
        if given.out is not None:
            given.out.mkdir(parents=True, exist_ok=True)
            (given.out / f"{name}.ptx").write_text(ptx)


if __name__ == "__main__":
    main()
