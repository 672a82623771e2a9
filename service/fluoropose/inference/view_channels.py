"""What a network makes of a cached view alone, kept from step to step: a third of a step's time is for that."""

import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32
from fluoropose.inference.onnx_runtime import Device, NetworkSession, place

__all__ = ["MOST_VIEWS", "ViewChannels"]

MOST_VIEWS = 256
"""So many views' channels are kept, 0.1 MB each; those that were used longest ago make room."""

_HOST = Device("cpu", 1)


class ViewChannels:
    """The channels of views by their pictures, computed when they are first needed. Safe for several threads.

    A place in the atlas may come to hold another picture. `stamps`, where they are given, count how often each picture
    was written; channels of a picture that was written since are computed anew.
    """

    def __init__(self, session: NetworkSession, atlas: Any, most: int = MOST_VIEWS) -> None:
        """Keep a session of a network's channels graph and the atlas's pictures, a value on the host."""
        self.stamps: NDArray[np.int64] | None = None
        self.names = tuple(session.output_shapes)
        self._session, self._atlas, self._most = session, atlas, most
        self._kept: OrderedDict[tuple[bytes, bytes], tuple[Float32, ...]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each of a view's channels, in the order of `names`."""
        return list(self._session.output_shapes.values())

    @property
    def most_bytes(self) -> int:
        """How many bytes are kept at most."""
        return self._most * sum(4 * int(np.prod(shape)) for shape in self.shapes)

    def of(self, pictures: NDArray[np.int64]) -> tuple[Float32, ...]:
        """Return the channels of one look's pictures (n,), in the order of `names`; they must not be changed."""
        with self._lock:
            stamps = b"" if self.stamps is None else self.stamps[pictures].tobytes()
            key = (pictures.tobytes(), stamps)
            found = self._kept.pop(key, None)
            if found is None:
                found = self._compute(pictures)
                while len(self._kept) >= self._most:
                    self._kept.popitem(last=False)
            self._kept[key] = found
            return found

    def _compute(self, pictures: NDArray[np.int64]) -> tuple[Float32, ...]:
        out = tuple(np.empty((1, *shape), np.float32) for shape in self.shapes)
        index = np.ascontiguousarray(pictures[None])
        values = {name: place(array, _HOST) for name, array in zip(self.names, out, strict=True)}
        self._session.bind({"atlas": self._atlas, "view_index": place(index, _HOST)}, values)()
        return tuple(array[0] for array in out)
