"""Choose the number type of a network's convolutions in training.

bfloat16 is quicker only where the processor has instructions for it. On two cores of an AMD EPYC that has them (AVX-512
BF16), an iteration of the coarse and of the fine network took 132 and 104 ms in bfloat16, 141 and 139 ms in float32.
With oneDNN and PyTorch held to AVX2, as on a processor without them, it took 730 and 830 ms in bfloat16 and 130 ms in
float32.
"""

from collections.abc import Mapping
from typing import Any

import torch

__all__ = ["autocast", "choose_dtype", "describe_choice", "processor_capabilities"]

_BFLOAT16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
"""PyTorch's names of them on x86-64 and ARM."""


def processor_capabilities() -> Mapping[str, Any]:
    """Return PyTorch's description of the processor; nothing where this PyTorch is too old to have one."""
    describe = getattr(torch.cpu, "get_capabilities", None)
    return {} if describe is None else describe()


def choose_dtype(capabilities: Mapping[str, Any]) -> torch.dtype:
    """Return bfloat16 for a processor that has instructions for it, else float32."""
    found = any(capabilities.get(name, False) for name in _BFLOAT16_INSTRUCTIONS)
    return torch.bfloat16 if found else torch.float32


def describe_choice(dtype: torch.dtype) -> str:
    """Return a sentence that says which type was chosen and why."""
    if dtype is torch.bfloat16:
        return "training computes in bfloat16, for which this processor has instructions"
    return "training computes in float32: this processor has no instructions for bfloat16"


def autocast(dtype: torch.dtype) -> torch.autocast:
    """Return a context in which a network's convolutions and matrix products are computed in `dtype`."""
    return torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16)
