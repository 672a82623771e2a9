"""`evaluate trust`: the stress set is made and answered, frame by frame, in parallel and resumable.

The n-th run of a group and an object is drawn by a generator of its own: how many there are, which other groups there
are and what ran before changes no pixel of it. So two versions are compared frame by frame.
"""

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.provenance import provenance
from fluoropose.evaluation.trust.answers import answer_run
from fluoropose.evaluation.trust.figures import trust_figures
from fluoropose.evaluation.trust.groups import choose_groups
from fluoropose.evaluation.trust.pictures import RENDERERS, Draw
from fluoropose.evaluation.trust.records import RecordFile, TrustRecord
from fluoropose.evaluation.trust.runs import TrustGroup
from fluoropose.evaluation.trust.subjects import Subject, trust_subjects
from fluoropose.objects.catalogue import OBJECTS

__all__ = ["TrustPlan", "evaluate_trust", "planned_runs"]

VERSION = 1
"""Of the stress set: raised when its frames change."""


@dataclass(frozen=True, slots=True)
class TrustPlan:
    """How many frames, of which groups (none: all), drawn from which seed; the data sets and the records, if any."""

    frames: int = 300
    groups: tuple[str, ...] = ()
    seed: int = 0
    data: Path | None = None
    records: Path | None = None


def planned_runs(groups: tuple[TrustGroup, ...], objects: int, frames: int) -> list[tuple[TrustGroup, int, int]]:
    """Return the runs (group, index of the object, number) for about so many frames, groups in turns.

    Every group has as many frames as the others, but for whole runs; at least one run.
    """
    share = frames / len(groups)
    wanted = []
    for group in groups:
        count = max(1, ceil(share / group.run_length))
        wanted += [(number / count, group, number % objects, number // objects) for number in range(count)]
    wanted.sort(key=lambda one: one[0])
    return [(group, index, number) for _, group, index, number in wanted]


def evaluate_trust(plan: TrustPlan, environment: Environment) -> dict[str, Any]:
    """Answer the frames of a plan that its records lack, and return the figures of all.

    Raises
    ------
    InputError
        If a group is not known, or an extra is not installed.
    ConflictError
        If the records are those of other frames.
    """
    groups, begun_with = choose_groups(plan.groups), provenance()
    file = None if plan.records is None else RecordFile(plan.records, {"stress_set": VERSION, "seed": plan.seed})
    subjects = trust_subjects(plan.data, environment)
    runs = planned_runs(groups, len(subjects), plan.frames)
    wanted = {(group.name, subjects[index].name, number): (group, index) for group, index, number in runs}
    records = [] if file is None else _whole_runs(file.read(), wanted)
    done = {record.run for record in records}
    missing = [(group, index, number) for group, index, number in runs
               if (group.name, subjects[index].name, number) not in done]  # fmt: skip
    if done:
        environment.say(f"{len(done)} of {len(runs)} runs are in the records")
    with environment.progress("stress set: frames") as report:
        total, answered = sum(group.run_length for group, _, _ in missing), 0
        for found in _answer_all(missing, subjects, plan.seed, environment.cores):
            records += found
            answered += len(found)
            if file is not None:
                file.append(found)
            report(answered, total, found[0].group)
    settings = {"stress_set": VERSION, "seed": plan.seed, "objects": [subject.name for subject in subjects]}
    places = {(group.name, subjects[index].name): n for n, (group, index, _) in reversed(list(enumerate(runs)))}
    names = [group.name for group in groups]
    records.sort(key=lambda one: (names.index(one.group), places[one.group, one.object], one.number, one.step))
    return {"run": begun_with | settings, **trust_figures(records)}


def _whole_runs(records: Iterator[TrustRecord], wanted: dict[Any, tuple[TrustGroup, int]]) -> list[TrustRecord]:
    """Return the records of wanted runs of which every frame is there, each once."""
    kept = {(record.run, record.step): record for record in records if record.run in wanted}
    counts: dict[Any, int] = {}
    for run, _ in kept:
        counts[run] = counts.get(run, 0) + 1
    return [one for (run, _), one in kept.items() if counts[run] == wanted[run][0].run_length]


def _answer_all(
    runs: list[tuple[TrustGroup, int, int]], subjects: tuple[Subject, ...], seed: int, workers: int
) -> Iterator[list[TrustRecord]]:
    """Give the records of runs as they end, several side by side."""

    def answer(run: tuple[TrustGroup, int, int]) -> list[TrustRecord]:
        group, index, number = run
        return answer_run(group, _draw(group, subjects, index, number, seed))

    with ThreadPoolExecutor(workers) as pool:
        waiting = [pool.submit(answer, run) for run in runs]
        try:
            for future in as_completed(waiting):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _draw(group: TrustGroup, subjects: tuple[Subject, ...], index: int, number: int, seed: int) -> Draw:
    subject = subjects[index]
    # Other objects are those that ship, so that those of a data set change no frame of theirs.
    others = tuple(one for one in subjects if one is not subject and one.name in OBJECTS)
    key = zlib.crc32(f"{group.name}/{subject.name}".encode())
    rng = np.random.default_rng([seed, key, number])
    return Draw(subject, others, RENDERERS[number % len(RENDERERS)], number, rng)
