"""fluoropose: six-degree-of-freedom pose of a CT's object in X-ray fluoroscopy, in real time.

    case = fluoropose.prepare("plate", "cases/plate")
    registrar = fluoropose.Registrar(case)
    found = registrar.register(pixels, camera, start)
    found.camera_from_volume, found.status, found.covariance

The names below come from `fluoropose.python_api`, which is loaded when the first of them is used.
"""

from importlib import import_module
from typing import Any

__all__ = [
    "Camera",
    "Case",
    "ErrorEstimate",
    "FieldMask",
    "PlacedCamera",
    "Registrar",
    "Registration",
    "Volume",
    "__version__",
    "camera_from_detector",
    "open_case",
    "prepare",
    "register",
    "render",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load the public names when they are asked for: the command line and the client must start quickly."""
    if name in __all__:
        return getattr(import_module("fluoropose.python_api"), name)
    raise AttributeError(f"module 'fluoropose' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
