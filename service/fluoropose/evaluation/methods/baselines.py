"""The baselines as methods: searches of intensity, linear regression, features."""

from dataclasses import asdict
from types import ModuleType
from typing import Any

import numpy as np

from fluoropose.evaluation.baselines.claret import CLARET, train_claret
from fluoropose.evaluation.baselines.features import FEATURES, register_features
from fluoropose.evaluation.baselines.intensity import Search, search
from fluoropose.evaluation.baselines.powell import powell
from fluoropose.evaluation.baselines.scene import Target
from fluoropose.evaluation.extras import require_extra
from fluoropose.evaluation.methods.method import Method, MethodInputs, time_registrar
from fluoropose.evaluation.trials import Registrar

__all__ = ["claret_method", "cma_method", "features_method", "intensity_method", "load_evolution"]


def intensity_method(settings: Search) -> Method:
    """Return Powell's search with these settings."""

    def make(inputs: MethodInputs) -> Registrar:
        target = _compile(inputs)
        return time_registrar(
            lambda pixels, camera, start: search(target, inputs.exposure(pixels, camera), start, settings, powell)
        )

    return Method(lambda inputs: {"optimiser": "scipy Powell", **asdict(settings)}, make)


def cma_method() -> Method:
    """Return the search by CMA-ES, which needs the extra `evaluate`."""

    def settings(inputs: MethodInputs) -> dict[str, Any]:
        module = load_evolution()
        return {"optimiser": "CMA-ES", "population": module.POPULATION, **asdict(module.CMA_GC)}

    def make(inputs: MethodInputs) -> Registrar:
        module, target = load_evolution(), _compile(inputs)
        return time_registrar(
            lambda pixels, camera, start: search(
                target, inputs.exposure(pixels, camera), start, module.CMA_GC, module.cma_es
            )
        )

    return Method(settings, make)


def claret_method() -> Method:
    """Return linear regression on the intensities of cached views."""

    def make(inputs: MethodInputs) -> Registrar:
        target = _compile(inputs)
        trained = train_claret(target, CLARET)
        return time_registrar(
            lambda pixels, camera, start: trained.register(target, inputs.exposure(pixels, camera), start)
        )

    return Method(lambda inputs: asdict(CLARET), make, slow=False)


def features_method() -> Method:
    """Return the iterative matching of edges."""

    def make(inputs: MethodInputs) -> Registrar:
        target = _compile(inputs)
        return time_registrar(
            lambda pixels, camera, start: register_features(target, inputs.exposure(pixels, camera), start, FEATURES)
        )

    return Method(lambda inputs: asdict(FEATURES), make)


def load_evolution() -> ModuleType:
    """Return the module of CMA-ES.

    Raises
    ------
    InputError
        If the extra `evaluate` is not installed.
    """
    with require_extra("evaluate", "for cma-gc"):
        from fluoropose.evaluation.baselines import evolution
    return evolution


def _compile(inputs: MethodInputs) -> Target:
    """Return the case ready to be rendered, once the renderer and the binning are compiled."""
    target = Target(inputs.case)
    view = inputs.case.atlas.view
    pose = np.eye(4)
    pose[:3, :3] = view.base_rotation
    pose[:3, 3] = np.array([0.0, 0.0, view.range_mm]) - view.base_rotation @ view.centre_mm
    for dtype in (np.uint8, np.uint16):
        level = target.level(inputs.exposure(np.ones((view.size_px, view.size_px), dtype), view.camera), 1 / 32)
        level.drr(level.camera, pose, 0.1)
    return target
