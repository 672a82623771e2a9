"""How alike two pictures are that should show the same."""

import io

import numpy as np
from PIL import Image

__all__ = ["require_like"]


def require_like(found: bytes, expected: bytes) -> None:
    """Require two PNGs of one size whose pixels differ by less than a hundredth of a grey step on average."""
    one, other = (np.asarray(Image.open(io.BytesIO(data)), np.float64) for data in (found, expected))
    assert one.shape == other.shape
    assert np.abs(one - other).mean() < 0.01
