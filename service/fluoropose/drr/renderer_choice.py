"""The one place that chooses where pictures of a case are rendered: on a CUDA device, or on the CPU."""

import logging
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any

from fluoropose.drr.renderer_maker import CPU, AbstractRendererMaker
from fluoropose.errors import DeviceError

__all__ = ["RENDERERS", "choose_renderers"]

RENDERERS = ("auto", "cpu", "cuda")
"""What can be asked for."""

_log = logging.getLogger("fluoropose.device")


def choose_renderers(
    name: str, no_gpu: str | None = None, turns: AbstractContextManager[Any] | None = None
) -> AbstractRendererMaker:
    """Return the maker of renderers: "cpu", "cuda", or "auto", which is CUDA where that works.

    Parameters
    ----------
    name : one of `RENDERERS`
    no_gpu : why no GPU is to be tried, if it is known
    turns : held while anything is done on the device, where its users must take turns

    Raises
    ------
    DeviceError
        If the name is another one, or is "cuda" and kernels cannot run on a CUDA device.
    """
    if name not in RENDERERS:
        raise DeviceError(f"renderer must be auto, cpu or cuda, got {name!r}")
    if name == "cpu" or (name == "auto" and no_gpu is not None):
        return CPU
    problem = no_gpu or _missing_extra()
    if problem is None:
        from fluoropose.drr.cuda_check import cuda_problem

        problem = cuda_problem()
        if problem is None:
            from fluoropose.drr.cuda import CudaRendererMaker

            return CudaRendererMaker(turns)
    if name == "cuda":
        raise DeviceError(f"expected a CUDA device to render on, got: {problem}")
    _log.warning("views are rendered on the CPU", extra={"fields": {"why": problem}})
    return CPU


def _missing_extra() -> str | None:
    if find_spec("numba_cuda") is None:
        return "numba-cuda is not installed: pip install 'fluoropose[cuda]'"
    return None
