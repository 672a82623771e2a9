"""Where a recording comes from: the digests of its cases and models, the versions and the machine."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import fluoropose
from fluoropose.drr.case import Case
from fluoropose.inference.onnx_runtime import Device, version
from fluoropose.io.bundles import find_bundle_folder
from fluoropose.io.cases import record_digest
from fluoropose.io.files import sha256_of

__all__ = ["case_origin", "differences", "machine_origin"]


def case_origin(case: Case, folder: Path, models_root: Path) -> dict[str, str]:
    """Return the digests of a case in a folder and of the model that serves it.

    Raises
    ------
    BundleError, InputError
        If no model serves it, or its record cannot be read.
    """
    bundle = find_bundle_folder(models_root, case)
    return {
        "digest": case.digest,
        "record_sha256": record_digest(folder),
        "model": bundle.name,
        "model_sha256": sha256_of(bundle / "manifest.json"),
    }


def machine_origin(device: Device) -> dict[str, Any]:
    """Return what decides the last bits of a pose beside the inputs: versions, processor, device and threads."""
    return {
        "fluoropose": fluoropose.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "numpy": np.__version__,
        "onnxruntime": version(),
        "device": device.label,
        "threads": device.threads,
    }


def differences(recorded: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return, in words, which of the recorded facts are others here."""
    other = [name for name, value in recorded.items() if here.get(name) != value]
    return [f"{name}: recorded {recorded[name]}, here {here.get(name)}" for name in other]


def _processor() -> str:
    """Return the processor's name: Linux tells it in a file of its own."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else f"{platform.machine()} {platform.processor()}".strip()
