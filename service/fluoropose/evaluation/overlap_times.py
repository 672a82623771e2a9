"""What registering several objects of one frame takes, beside registering one of them. ms."""

from dataclasses import replace
from typing import Any

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.overlap_frames import (
    OverlapFrame,
    perturb_starts,
    register_each_alone,
    register_together,
    simulate_overlap,
)
from fluoropose.registration.resident_case import ResidentCase

__all__ = ["measure_overlap_times"]

_FRAMES = 6
"""Simulated frames that a measurement goes round."""

_ALONE = ("one_in_frame", "one_in_own_frame")

Times = dict[str, list[tuple[float, float]]]
"""Time of the clock and of the CPU by what was registered, per trial."""


def measure_overlap_times(
    residents: list[ResidentCase], runs: int, seed: int, side_px: int, environment: Environment
) -> list[dict[str, Any]]:
    """Return what the first two and the first four objects of a frame take together, beside one; rough and near starts.

    "One" is the mean of the same objects from the same kind of start: in the same frame, with the others in it as they
    are, and each in a frame of its own. Everything is run in turns; ratios are those of medians, by the clock and by
    this process's CPU time, which other load disturbs less.
    """
    count = min(runs, _FRAMES)
    frames = simulate_overlap(residents, count, seed, side_px, environment)
    own = {one.case.name: simulate_overlap([one], count, seed, side_px, environment) for one in residents}
    rows = []
    for number in (2, 4):
        for kind in ("rough", "near"):
            times: Times = {"together": [], **{name: [] for name in _ALONE}}
            for index in range(runs):
                trial = (index % count, [seed, index, 600], kind)
                _measure(residents[:number], frames[index % count], own, trial, times)
            rows.append({"objects": number, "start": kind} | _row(times))
    return rows


def _measure(
    residents: list[ResidentCase],
    frame: OverlapFrame,
    own: dict[str, list[OverlapFrame]],
    trial: tuple[int, list[int], str],
    times: Times,
) -> None:
    """Add the times of one trial, which is (number of the frame, seeds of the starts, kind of the starts)."""
    number, seeds, kind = trial
    frame = replace(frame, truths=frame.truths[: len(residents)])
    plans = perturb_starts(residents, frame, seeds, kind)
    together = register_together(residents, frame, plans)[1]
    times["together"].append((together.wall_ms[0], together.cpu_ms))
    alone = register_each_alone(residents, frame, plans)[1]
    times["one_in_frame"].append((float(np.mean(alone.wall_ms)), alone.cpu_ms / len(residents)))
    parts = []
    for one in residents:
        its = own[one.case.name][number]
        spent = register_each_alone([one], its, perturb_starts([one], its, seeds, kind))[1]
        parts.append((spent.wall_ms[0], spent.cpu_ms))
    wall, cpu = np.mean(parts, axis=0)
    times["one_in_own_frame"].append((float(wall), float(cpu)))


def _row(times: Times) -> dict[str, Any]:
    values: dict[str, Float64] = {name: np.array(some) for name, some in times.items()}
    medians = {name: np.median(some, axis=0) for name, some in values.items()}
    row: dict[str, Any] = {
        f"{name}_ms": {f"p{share}": float(np.percentile(some[:, 0], share)) for share in (50, 99)}
        for name, some in values.items()
    }
    for name in _ALONE:
        row[f"over_{name}"], row[f"cpu_over_{name}"] = (float(r) for r in medians["together"] / medians[name])
    return row
