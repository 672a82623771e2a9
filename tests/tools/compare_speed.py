"""CPU time of registrations and tracked frames of the shipped objects: this version beside another, in turns.

    git worktree add /tmp/fluoropose-0.1.0 5357dbe
    python tests/tools/compare_speed.py --other /tmp/fluoropose-0.1.0 --bundles models/universal/alone

Each version is a process of its own with one thread, and they register the same frames from the same starts, one after
the other. `--bundles` are this version's: a folder with a bundle per object, or one bundle for all. A time is that of
the registering thread's CPU, the least of `--repeats`; mTREproj says what the poses are worth.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.io.cases import load_case
from fluoropose.io.preparation import prepare_shipped
from fluoropose.objects.catalogue import OBJECTS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KINDS = {"registration": 1.0, "tracking": 0.15}
"""How wrong starts are, in shares of the paper's."""

SEED = 7


class Version:
    """A process that registers frames with one version."""

    def __init__(self, checkout: Path, files: list[Path], stack: ExitStack) -> None:
        paths = [str(checkout / "service"), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        command = [sys.executable, str(HERE / "speed_worker.py"), *map(str, files)]
        self._process = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        )
        stack.callback(self._process.stdin.close)  # type: ignore[union-attr]

    def register(self, name: str, number: int, kind: str) -> dict[str, Any]:
        """Return what the worker says of one frame."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(name, number, kind, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a worker ended before its work did")
        return dict(json.loads(line))


def prepare(work: Path, frames: int) -> dict[str, Any]:
    """Return frames, truths and starts of every object, made once and kept."""
    path = work / f"speed-{frames}.npz"
    if not path.exists():
        arrays: dict[str, Any] = {}
        for number, (name, item) in enumerate(OBJECTS.items()):
            folder = work / "cases" / name
            if not folder.is_dir():
                prepare_shipped(item, folder, progress=lambda *_: None)
            case = load_case(folder)
            scene, truths = simulate_truths(case, frames, 1.0, SEED)
            rng = np.random.default_rng([SEED, number])
            poses = [truth.camera_from_volume for truth in truths]
            arrays[f"{name}-frames"] = np.stack([truth.pixels for truth in truths])
            arrays[f"{name}-truth"] = np.stack(poses)
            arrays[f"{name}-intrinsic"] = scene.camera.intrinsic_matrix
            for kind, share in KINDS.items():
                arrays[f"{name}-{kind}"] = np.stack(
                    [perturb(pose, case.pose_frame, rng, share * PAPER_SIGMAS) for pose in poses]
                )
        np.savez_compressed(path, **arrays)
    with np.load(path) as kept:
        return {"path": path, **{name: kept[name] for name in kept.files}}


class Measured:
    """What one version said of the frames of an object: CPU times, stages, errors."""

    def __init__(self) -> None:
        self._times: dict[int, list[dict[str, Any]]] = {}

    def add(self, number: int, found: dict[str, Any]) -> None:
        """Take one answer to a frame."""
        self._times.setdefault(number, []).append(found)

    def figures(self, truths: np.ndarray, targets_mm: np.ndarray) -> dict[str, Any]:
        """Return medians over the frames; a frame's time is the least of its repeats."""
        frames = self._times
        least = [min(one["cpu_ms"] for one in found) for found in frames.values()]
        poses = {number: np.array(found[0]["camera_from_volume"]) for number, found in frames.items()}
        errors = [pose_error(pose, truths[number], targets_mm).mtre_proj_mm for number, pose in poses.items()]
        stages = {
            stage: float(np.median([min(one["stages"][stage] for one in found) for found in frames.values()]))
            for stage in next(iter(frames.values()))[0]["stages"]
        }
        return {
            "cpu_ms": float(np.median(least)),
            "mtre_proj_mm": float(np.median(errors)),
            "within_1_mm": float(np.mean(np.array(errors) < 1.0)),
            "stages_ms": stages,
        }


def measure(versions: dict[str, Version], arrays: dict[str, Any], work: Path, repeats: int) -> Iterator[dict[str, Any]]:
    """Yield the figures of each object and kind."""
    for name in OBJECTS:
        targets, truths = load_case(work / "cases" / name).corners_mm, arrays[f"{name}-truth"]
        for kind in KINDS:
            measured = {version: Measured() for version in versions}
            for process in versions.values():
                process.register(name, 0, kind)
            for number, _, (version, process) in product(range(len(truths)), range(repeats), versions.items()):
                measured[version].add(number, process.register(name, number, kind))
            row: dict[str, Any] = {version: one.figures(truths, targets) for version, one in measured.items()}
            ratio = row["here"]["cpu_ms"] / row["other"]["cpu_ms"]
            yield {"object": name, "kind": kind, **row, "ratio": ratio}


def main() -> None:
    """Compare, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", type=Path, required=True, help="A checkout of the other version, with its models.")
    parser.add_argument("--bundles", type=Path, default=ROOT / "models" / "universal" / "alone")
    parser.add_argument("--work", type=Path, default=ROOT / ".pose_digest")
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    arrays = prepare(options.work, options.frames)
    given = [arrays["path"], options.work / "cases"]
    with ExitStack() as stack:
        versions = {
            "here": Version(ROOT, [*given, options.bundles], stack),
            "other": Version(options.other, [*given, options.other / "models"], stack),
        }
        print("| object | of | ms | other, ms | ratio | mTREproj, mm | other, mm | < 1 mm | other |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        rows = []
        for row in measure(versions, arrays, options.work, options.repeats):
            here, other = row["here"], row["other"]
            print(
                f"| {row['object']} | {row['kind']} | {here['cpu_ms']:.2f} | {other['cpu_ms']:.2f} | {row['ratio']:.2f}"
                f" | {here['mtre_proj_mm']:.3f} | {other['mtre_proj_mm']:.3f}"
                f" | {here['within_1_mm']:.2f} | {other['within_1_mm']:.2f} |",
                flush=True,
            )
            rows.append(row)
    for version in versions:
        for row in rows:
            told = ", ".join(f"{stage} {ms:.2f}" for stage, ms in row[version]["stages_ms"].items())
            print(f"{version}, {row['object']}, {row['kind']}: {told} ms")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
