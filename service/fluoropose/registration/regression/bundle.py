"""A bundle: the trained networks of one case, with golden outputs that every runtime must reproduce. A value."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fluoropose.arrays import Float32, Float64
from fluoropose.errors import BundleError

__all__ = ["ANY_CASE", "Bundle", "Golden", "NetworkGraphs", "STAGE_NAMES", "require_fit", "weights_file"]

STAGE_NAMES = ("coarse", "fine")

ANY_CASE = "any"

_HARDLY_TRAINED = (None, "instant", "tiny")
"""Profiles of `train` whose networks are the universal ones, or hardly differ from them."""

"""The `case_digest` of networks that serve any case; their outputs are in units of its field and range."""

_NEIGHBOURS = 5
"""Cached pictures that a network without surroundings needs: a view and its neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """Inputs and outputs of the fine step that every runtime must reproduce.

    `frame` float32 (rows, columns), `homography` (3, 3) normalised, `cached` float16 (5 or 6, size, size) the
    pictures of a look (`Atlas.picture_indices`), `residuals` and `sigmas` (6,) mm and rad, `presence`.
    """

    frame: Float32
    homography: Float64
    cached: Float32
    residuals: Float64
    sigmas: Float64
    presence: float


@dataclass(frozen=True, slots=True)
class NetworkGraphs:
    """One network as ONNX graphs that share their weights.

    `full` takes frames and homographies and warps the frames itself; `warped` takes the warped frames. `weights` is
    the external data of all, by the file name that the graphs know it by. Newer networks have the warped graph in two
    parts as well: `channels`, what it makes of cached views alone, and `beside`, the rest of it, which takes those.
    """

    full: bytes
    warped: bytes
    weights: dict[str, bytes]
    channels: bytes = b""
    beside: bytes = b""

    @property
    def in_parts(self) -> bool:
        """Whether what is made of cached views alone can be kept."""
        return bool(self.channels)

    @property
    def size_bytes(self) -> int:
        """Bytes of the graphs and their weights."""
        graphs = (self.full, self.warped, self.channels, self.beside, *self.weights.values())
        return sum(len(data) for data in graphs)


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """The networks of one case: `models` by stage; `case_digest` tells the case; `facts` what the manifest adds."""

    name: str
    case_digest: str
    models: dict[str, NetworkGraphs]
    golden: Golden
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that every stage is there."""
        missing = [stage for stage in STAGE_NAMES if stage not in self.models]
        if missing:
            raise BundleError(f"a model must hold the stages {', '.join(STAGE_NAMES)}, got none for {missing[0]}")
        if not np.isfinite(self.golden.residuals).all():
            raise BundleError("a model's golden outputs must be finite, got NaN")

    @property
    def universal(self) -> bool:
        """Whether its networks serve any case."""
        return self.case_digest == ANY_CASE

    @property
    def trained(self) -> bool:
        """Whether its networks were trained on the case itself, for longer than to see that training works."""
        return not self.universal and self.facts.get("profile") not in _HARDLY_TRAINED

    @property
    def surrounded(self) -> bool:
        """Whether its networks also see what surrounds the object in its CT."""
        return len(self.golden.cached) > _NEIGHBOURS


def weights_file(stage: str) -> str:
    """Return the name of the file that the graphs of a network refer to for their weights."""
    return f"{stage}.weights"


def require_fit(bundle: Bundle, case_name: str, case_digest: str, *, surrounded: bool) -> None:
    """Raise BundleError if the bundle was trained for another case (other data, view or grid).

    It is raised too if the networks need the surroundings and the case's atlas holds none, or the other way round.
    """
    if bundle.case_digest not in (case_digest, ANY_CASE):
        raise BundleError(
            f"model {bundle.name!r} was made for another case: expected digest {case_digest} ({case_name}), "
            f"got {bundle.case_digest}; train one for this case"
        )
    if bundle.surrounded != surrounded:
        needs, other = ("surroundings", "to hold them") if bundle.surrounded else ("no surroundings", "to hold none")
        raise BundleError(
            f"model {bundle.name!r} looks at {needs}, expected case {case_name} {other}, got the other kind; "
            "train one for this case"
        )
