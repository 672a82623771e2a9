"""The table of methods that `evaluate methods` compares.

To add one: a `Method` in `METHODS`. Its settings are written beside its trials, so that trials of other settings are
never mixed; its registrar is made once per process, which may take long (training, compiling) and is not timed.
"""

import re
from dataclasses import replace

from fluoropose.errors import InputError
from fluoropose.evaluation.baselines.powell import GC, MI, MI_GC, NCC
from fluoropose.evaluation.methods.baselines import claret_method, cma_method, features_method, intensity_method
from fluoropose.evaluation.methods.method import Method
from fluoropose.evaluation.methods.regression import regression_method
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE, sweeps

__all__ = ["METHODS", "choose_methods", "find_method"]

_SWEEPS = "ours-sweeps-"
"""Ours with a number of sweeps of the hierarchy, for the figure of success against sweeps."""

METHODS: dict[str, Method] = {
    "ours": regression_method(DEFAULT_SCHEDULE),
    "powell-mi": intensity_method(MI),
    "powell-ncc": intensity_method(NCC),
    "powell-gc": intensity_method(GC),
    "powell-mi-gc": intensity_method(MI_GC),
    "cma-gc": cma_method(),
    "claret": claret_method(),
    "features": features_method(),
}
"""All methods by name, in the order of tables."""


def choose_methods(names: str, sweep_counts: str = "") -> tuple[str, ...]:
    """Return the methods of a list such as "ours,features" or "all", then ours with each number of sweeps.

    Raises
    ------
    InputError
        If a name is unknown or comes twice.
    """
    chosen = list(METHODS) if names == "all" else [name.strip() for name in names.split(",")]
    chosen += [f"{_SWEEPS}{count.strip()}" for count in sweep_counts.split(",") if sweep_counts]
    for name in chosen:
        find_method(name)
    if len(set(chosen)) < len(chosen):
        raise InputError(f"expected each method once, got {', '.join(chosen)}")
    return tuple(chosen)


def find_method(name: str) -> Method:
    """Return the method of that name.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name in METHODS:
        return METHODS[name]
    match = re.fullmatch(_SWEEPS + r"([1-9]\d?)", name)
    if match is None:
        raise InputError(f"expected a method of {', '.join(METHODS)} or {_SWEEPS}1 to {_SWEEPS}99, got {name!r}")
    return replace(regression_method(sweeps(int(match.group(1)))), wide=False)
