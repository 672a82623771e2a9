"""A step model without its first part, the warp of the frame: on a CPU the compiled warp is four times as fast.

A step model (`train.export`) samples the frame with one GridSample. `after_warp` drops that node and all that only it
needs; what it gave becomes an input. ONNX is Protocol Buffers; the few messages on the way are read here (encoding:
protobuf.dev, fields: `onnx.proto`), since a service has no other use for the library.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fluoropose.errors import BundleError

__all__ = ["after_warp"]

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATION = 1, 2, 4
_NAME_IN = {_GRAPH_INITIALIZER: 8, _GRAPH_INPUT: 1, _GRAPH_OUTPUT: 1}
_WARP = b"GridSample"
_FLOAT32 = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """A field of a message: its number, its value if that is a text or a message, and all its bytes."""

    number: int
    value: bytes
    whole: bytes


def after_warp(model: bytes, size_px: int) -> tuple[bytes, str]:
    """Return a step model that takes the warped frames, float32 (batch, 1, size, size), and the name of that input.

    Raises
    ------
    BundleError
        If it is no ONNX model, or has not one warp.
    """
    try:
        fields = _fields(model)
        graphs = [_fields(field.value) for field in fields if field.number == _MODEL_GRAPH]
        cut, name = _cut([field for graph in graphs for field in graph], size_px)
    except (IndexError, ValueError) as error:
        raise BundleError(f"expected an ONNX model that runs, got bytes that are none: {error}") from error
    others = b"".join(field.whole for field in fields if field.number != _MODEL_GRAPH)
    return others + _written(_MODEL_GRAPH, cut), name.decode()


def _cut(graph: Sequence[_Field], size_px: int) -> tuple[bytes, bytes]:
    """Return a graph without the warp and what only that needs, and the name of what the warp gave."""
    nodes = {field: _fields(field.value) for field in graph if field.number == _GRAPH_NODE}
    warped = [_texts(node, _NODE_OUTPUT)[0] for node in nodes.values() if _WARP in _texts(node, _NODE_OPERATION)]
    if len(warped) != 1:
        raise BundleError(f"expected a step model with one warp of the frame ({_WARP.decode()}), got {len(warped)}")
    makers = {output: field for field, node in nodes.items() for output in _texts(node, _NODE_OUTPUT)}
    needed, kept = set(warped), set()
    wanted = [_name(field) for field in graph if field.number == _GRAPH_OUTPUT]
    while wanted:
        name = wanted.pop()
        if name in needed:
            continue
        needed.add(name)
        if name in makers:
            kept.add(makers[name])
            wanted += _texts(nodes[makers[name]], _NODE_INPUT)
    parts = [field.whole for field in graph if _stays(field, kept, needed)]
    return b"".join([*parts, _written(_GRAPH_INPUT, _picture(warped[0], size_px))]), warped[0]


def _stays(field: _Field, kept: set[_Field], needed: set[bytes]) -> bool:
    if field.number == _GRAPH_NODE:
        return field in kept
    return field.number not in (_GRAPH_INPUT, _GRAPH_INITIALIZER) or _name(field) in needed


def _name(field: _Field) -> bytes:
    return _texts(_fields(field.value), _NAME_IN[field.number])[0]


def _texts(fields: Iterable[_Field], number: int) -> list[bytes]:
    return [field.value for field in fields if field.number == number]


def _picture(name: bytes, size_px: int) -> bytes:
    """Return a ValueInfoProto: a float32 tensor (batch, 1, size, size)."""
    batch = _written(1, _written(2, b"batch"))
    sides = b"".join(_written(1, _number(1, side)) for side in (1, size_px, size_px))
    tensor = _number(1, _FLOAT32) + _written(2, batch + sides)
    return _written(1, name) + _written(2, _written(1, tensor))


def _fields(message: bytes) -> list[_Field]:
    """Return the fields of a message in their order."""
    found, at = [], 0
    while at < len(message):
        began = at
        key, at = _varint(message, at)
        kind, value = key & 7, b""
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _LENGTH:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"a field of wire type {kind}")
        if at > len(message):
            raise ValueError("a field that goes on beyond its message")
        found.append(_Field(key >> 3, value, message[began:at]))
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a whole number of seven bits a byte, the lowest first, and where it ends."""
    number, shift = 0, 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def _packed(number: int) -> bytes:
    """Return a number as `_varint` reads it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _written(number: int, value: bytes) -> bytes:
    return _packed(number << 3 | _LENGTH) + _packed(len(value)) + value


def _number(number: int, value: int) -> bytes:
    return _packed(number << 3 | _VARINT) + _packed(value)
