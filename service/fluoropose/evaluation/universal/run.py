"""The measurement of all objects, one after the other, and what they give together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.universal.measurement import UniversalPlan, measure_object
from fluoropose.evaluation.universal.objects import measured_objects

__all__ = ["UniversalRun", "measure_objects"]


@dataclass(frozen=True, slots=True)
class UniversalRun:
    """Which objects are measured (`only` names some; none: all), from which data, and how much of each."""

    data: Path | None = None
    only: tuple[str, ...] = ()
    frames: int = 20
    starts: int = 200
    seed: int = 0


def measure_objects(plan: UniversalRun, environment: Environment, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the figures of every object and of all together; `say` is told each as it comes.

    Raises
    ------
    InputError
        If one of the names is no object's.
    """
    there = {item.name: item for item in measured_objects(plan.data)}
    unknown = [name for name in plan.only if name not in there]
    if unknown:
        raise InputError(f"expected objects of {', '.join(there)}, got {', '.join(unknown)}")
    chosen = [item for name, item in there.items() if not plan.only or name in plan.only]
    rows = []
    for item in chosen:
        facts = measure_object(item, UniversalPlan(plan.frames, plan.starts, plan.seed), environment)
        rows.append(facts)
        say(f"{item.name}: {100 * facts['success_rate']:.1f} % of {facts['trials']}")
    trials = sum(facts["trials"] for facts in rows)
    return {
        "objects": rows,
        "success_rate": sum(facts["success_rate"] * facts["trials"] for facts in rows) / trials,
        "sure_and_wrong": sum(facts["sure_and_wrong"] for facts in rows),
        "trials": trials,
    }
