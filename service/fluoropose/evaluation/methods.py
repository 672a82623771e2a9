"""The table of methods that `evaluate` compares. A method is a name, printed settings and a registrar.

To add one: an `Entry` in `METHODS`. Its settings are written beside its trials, so that trials of other settings are
never mixed; its registrar is made once per process, which may take long (training, warming up) and is not timed.
"""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.drr.case import Case
from fluoropose.errors import InputError
from fluoropose.evaluation.baselines.claret import CLARET, train_claret
from fluoropose.evaluation.baselines.features import FEATURES, register_features
from fluoropose.evaluation.baselines.intensity import Search, search
from fluoropose.evaluation.baselines.powell import GC, MI, MI_GC, NCC, powell
from fluoropose.evaluation.baselines.scene import Target
from fluoropose.evaluation.trials import Registrar, TrialResult
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import Exposure, PixelMeaning
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.plan import Plan
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE, Schedule, sweeps
from fluoropose.serving.case_cache import CaseCache

__all__ = ["Bench", "Entry", "METHODS", "chosen_methods", "entry_of"]


_SWEEPS = "ours-sweeps-"
"""Ours with a number of sweeps of the hierarchy, for the figure of success against sweeps."""


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """What a method may be made of: the case, where its model is, device and threads, and what pixels mean."""

    case: Case
    model: Path
    device: str = "cpu"
    threads: int = 1
    meaning: PixelMeaning = PixelMeaning.INTENSITY
    inverted: bool = False

    def exposure(self, pixels: NDArray[Any], camera: Camera) -> Exposure:
        """Return a frame as the baselines look at it."""
        return Exposure(pixels, camera, self.meaning, self.inverted)


@dataclass(frozen=True, slots=True)
class Entry:
    """A method: what to print of its settings, how to make it, whether it takes long per trial.

    `wide` says whether it is also run from wider starts than the paper's, where those are asked for.
    """

    settings: Callable[[Bench], dict[str, Any]]
    make: Callable[[Bench], Registrar]
    slow: bool = True
    wide: bool = True


def chosen_methods(names: str, sweep_counts: str) -> tuple[str, ...]:
    """Return the methods of a list such as "ours,features" or "all", then ours with each number of sweeps.

    Raises
    ------
    InputError
        If a name is unknown or comes twice.
    """
    chosen = list(METHODS) if names == "all" else [name.strip() for name in names.split(",")]
    chosen += [f"{_SWEEPS}{count.strip()}" for count in sweep_counts.split(",") if sweep_counts]
    for name in chosen:
        entry_of(name)
    if len(set(chosen)) < len(chosen):
        raise InputError(f"expected each method once, got {', '.join(chosen)}")
    return tuple(chosen)


def entry_of(name: str) -> Entry:
    """Return a method's entry.

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
    return replace(_ours(sweeps(int(match.group(1)))), wide=False)


def _ours(schedule: Schedule) -> Entry:
    def settings(bench: Bench) -> dict[str, Any]:
        bundle = load_bundle(bench.model)
        networks = [bundle.models[stage] for stage in sorted(bundle.models)]
        parts = [part for network in networks for part in (network.full, *network.weights.values())]
        digest = hashlib.sha256(b"".join(parts)).hexdigest()
        steps = [f"{stage} {group.name.lower()}" for stage, group in schedule]
        return {
            "model": bundle.name,
            "profile": bundle.facts.get("profile"),
            "networks_sha256": digest[:16],
            "schedule": [*steps, "edges"],
            "threads": bench.threads,
        }

    def make(bench: Bench) -> Registrar:
        case_cache = CaseCache(open_device(bench.device, bench.threads))
        resident = case_cache.add(bench.case, load_bundle(bench.model))

        def register(pixels: NDArray[Any], camera: Camera, start: Mat44) -> TrialResult:
            plan = Plan(start, nearby=False)
            found = resident.register(pixels, camera, bench.meaning, bench.inverted, plan, schedule)
            judged = found.assessment
            return TrialResult(found.camera_from_volume, judged.status.value, judged.confidence, found.timing_ms)

        return _with_cpu_time(register)

    return Entry(settings, make, slow=False)


def _intensity(search_settings: Search) -> Entry:
    def make(bench: Bench) -> Registrar:
        target = _warm(bench)
        return _timed(
            lambda pixels, camera, start: search(target, bench.exposure(pixels, camera), start, search_settings, powell)
        )

    return Entry(lambda bench: {"optimiser": "scipy Powell", **asdict(search_settings)}, make)


def _cma() -> Entry:
    def settings(bench: Bench) -> dict[str, Any]:
        module = _evolution()
        return {"optimiser": "CMA-ES", "population": module.POPULATION, **asdict(module.CMA_GC)}

    def make(bench: Bench) -> Registrar:
        module, target = _evolution(), _warm(bench)
        return _timed(
            lambda pixels, camera, start: search(
                target, bench.exposure(pixels, camera), start, module.CMA_GC, module.cma_es
            )
        )

    return Entry(settings, make)


def _evolution() -> Any:
    try:
        from fluoropose.evaluation.baselines import evolution
    except ModuleNotFoundError as error:
        raise InputError(
            f"expected the evaluation extra for cma-gc, got no module {error.name}: pip install 'fluoropose[evaluate]'"
        ) from error
    return evolution


def _claret() -> Entry:
    def make(bench: Bench) -> Registrar:
        target = _warm(bench)
        trained = train_claret(target, CLARET)
        return _timed(lambda pixels, camera, start: trained.register(target, bench.exposure(pixels, camera), start))

    return Entry(lambda bench: asdict(CLARET), make, slow=False)


def _features() -> Entry:
    def make(bench: Bench) -> Registrar:
        target = _warm(bench)
        return _timed(
            lambda pixels, camera, start: register_features(target, bench.exposure(pixels, camera), start, FEATURES)
        )

    return Entry(lambda bench: asdict(FEATURES), make)


def _warm(bench: Bench) -> Target:
    """Return the case ready to be rendered, once the renderer and the binning are compiled."""
    target = Target(bench.case)
    view = bench.case.atlas.view
    pose = np.eye(4)
    pose[:3, :3] = view.base_rotation
    pose[:3, 3] = np.array([0.0, 0.0, view.range_mm]) - view.base_rotation @ view.centre_mm
    for dtype in (np.uint8, np.uint16):
        level = target.level(bench.exposure(np.ones((view.size_px, view.size_px), dtype), view.camera), 1 / 32)
        level.drr(level.camera, pose, 0.1)
    return target


def _timed(find: Callable[[NDArray[Any], Camera, Mat44], Mat44]) -> Registrar:
    """Return a registrar that takes the time; these methods do not judge their own result."""

    def register(pixels: NDArray[Any], camera: Camera, start: Mat44) -> TrialResult:
        began = time.perf_counter()
        pose = find(pixels, camera, start)
        return TrialResult(pose, "DONE", 1.0, {"total": 1e3 * (time.perf_counter() - began)})

    return _with_cpu_time(register)


def _with_cpu_time(register: Registrar) -> Registrar:
    """Return a registrar that adds the processor's time: what is left of "total" when nobody else computes."""

    def timed(pixels: NDArray[Any], camera: Camera, start: Mat44) -> TrialResult:
        began = time.process_time()
        answer = register(pixels, camera, start)
        return replace(answer, timing_ms={**answer.timing_ms, "cpu": 1e3 * (time.process_time() - began)})

    return timed


METHODS: dict[str, Entry] = {
    "ours": _ours(DEFAULT_SCHEDULE),
    "powell-mi": _intensity(MI),
    "powell-ncc": _intensity(NCC),
    "powell-gc": _intensity(GC),
    "powell-mi-gc": _intensity(MI_GC),
    "cma-gc": _cma(),
    "claret": _claret(),
    "features": _features(),
}
"""All methods by name, in the order of tables."""
