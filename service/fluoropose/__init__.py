"""fluoropose: six-degree-of-freedom pose of a CT's object in X-ray fluoroscopy, in real time."""

__all__ = ["__version__"]

__version__ = "0.1.0"
