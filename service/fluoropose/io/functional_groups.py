"""Attributes of a multi-frame image, wherever they stand: of the image, of all frames, or of one (PS3.3, C.7.6.16)."""

from collections.abc import Iterator
from typing import Any

__all__ = ["frame_attribute", "frame_items"]


def frame_attribute(dataset: Any, name: str, frame: int = 0) -> Any:
    """Return an attribute of a frame, from 0: its own, else that of all frames, else the image's; None if it is empty.

    Attributes of functional groups stand in the first item of a sequence; one of its own sequences is looked into too.
    """
    for place in _places(dataset, frame):
        value = place.get(name)
        if value not in (None, ""):
            return value
    return None


def frame_items(dataset: Any, names: tuple[str, ...], frame: int = 0) -> Iterator[Any]:
    """Yield the image itself and the items of a frame's sequences of these names, those of all frames after its own."""
    yield dataset
    for group in _groups(dataset, frame):
        for name in names:
            yield from group.get(name) or ()


def _places(dataset: Any, frame: int) -> Iterator[Any]:
    for group in _groups(dataset, frame):
        for item in _first_items(group):
            yield item
            yield from _first_items(item)
    yield dataset


def _groups(dataset: Any, frame: int) -> Iterator[Any]:
    own = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    if 0 <= frame < len(own):
        yield own[frame]
    yield from dataset.get("SharedFunctionalGroupsSequence") or ()


def _first_items(item: Any) -> Iterator[Any]:
    for element in item:
        if element.VR == "SQ" and element.value:
            yield element.value[0]
