"""Export a trained network as ONNX graphs that share their weights; opset, names and shapes are stated here once.

The full graph warps the frame with one GridSample. The warped graph is the part of it after that warp: it takes the
warped frame, for a processor whose compiled warp is faster. It is there in two parts as well. The first convolution is
a sum over its channels, of which only one is the frame's: one part computes what cached views contribute to it, the
other adds the frame's share and goes on. Large arrays are ONNX external data in one file.
"""

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx.shape_inference
import torch
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data
from onnx.utils import Extractor

from fluoropose.errors import InputError
from fluoropose.registration.regression.bundle import NetworkGraphs
from fluoropose.train.network import AbstractNet, StepGeometry, StepModel

__all__ = ["INPUT_NAMES", "OPSET", "OUTPUT_NAMES", "export_network", "split_at_warp"]

OPSET = 18
INPUT_NAMES = ("frames", "frame_index", "homography", "view_index", "atlas")
OUTPUT_NAMES = ("information", "vector", "presence")

_WARPED = "warped"
"""The warped frame's name in both graphs: a value inside the full one, an input of the other."""

_VIEWS = ("view_index", "atlas")

_CHANNELS = "channels"
"""What the first convolution makes of cached views: an output of the part that looks at them, an input of the rest."""

_EXTERNAL_BYTES = 1024
"""Smaller arrays stay in the graph: ONNX Runtime infers shapes from some of them."""


def export_network(net: AbstractNet, geometry: StepGeometry, weights_file: str) -> NetworkGraphs:
    """Return the graphs of a step with one network; batch, frames, their size and the number of views stay free.

    `weights_file` is the name of the file that the graphs refer to for their weights.
    """
    return split_at_warp(onnx.load_from_string(_export_step(net, geometry)), geometry.size_px, weights_file)


def split_at_warp(model: ModelProto, size_px: int, weights_file: str) -> NetworkGraphs:
    """Return the full graph of a step model, the part of it after its warp, that in two parts, and the weights of all.

    Parameters
    ----------
    model : a step model whose arrays are inside it; it is changed
    size_px : side of the canonical view
    weights_file : name of the file that the graphs refer to for their weights

    Raises
    ------
    InputError
        If the model has not exactly one GridSample, or does not begin with channels of frame and views.
    """
    warps = [node for node in model.graph.node if node.op_type == "GridSample"]
    if len(warps) != 1:
        raise InputError(f"expected a step model with one warp of the frame (GridSample), got {len(warps)}")
    _rename_warped(model, warps[0], size_px)
    parts = _split_first_convolution(model)
    weights = _move_weights((model, parts), weights_file)
    warped = Extractor(model).extract_model([_WARPED, *_VIEWS], list(OUTPUT_NAMES))
    extractor = Extractor(parts)
    channels = extractor.extract_model(list(_VIEWS), [_CHANNELS])
    beside = extractor.extract_model([_WARPED, _CHANNELS], list(OUTPUT_NAMES))
    full, *others = (graph.SerializeToString() for graph in (model, warped, channels, beside))
    return NetworkGraphs(full, others[0], {weights_file: weights}, *others[1:])


def _split_first_convolution(model: ModelProto) -> ModelProto:
    """Return a copy whose first convolution is two, of the frame's channel and of the views', which are added.

    Raises
    ------
    InputError
        If the first convolution does not take the frame's channel and then the views'.
    """
    parts = ModelProto()
    parts.CopyFrom(model)
    graph = parts.graph
    joined, views = _joined_channels(graph)
    (place,) = (n for n, node in enumerate(graph.node) if node.op_type == "Conv" and node.input[0] == joined.output[0])
    first = graph.node[place]
    weights = {tensor.name: tensor for tensor in graph.initializer}
    kernel = numpy_helper.to_array(weights[first.input[1]])
    for name, part in (("kernel_of_frame", kernel[:, :1]), ("kernel_of_views", kernel[:, 1:])):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(part), name))
    nodes = [
        helper.make_node("Concat", views, ["of_views"], axis=1),
        helper.make_node("Conv", ["of_views", "kernel_of_views"], [_CHANNELS]),
        helper.make_node("Conv", [joined.input[0], "kernel_of_frame", *first.input[2:]], ["of_frame"]),
        helper.make_node("Add", ["of_frame", _CHANNELS], [first.output[0]]),
    ]
    for node in nodes[1:3]:
        node.attribute.extend(item for item in first.attribute if item.name != "kernel_shape")
    after = list(graph.node)[place + 1 :]
    before = [node for node in list(graph.node)[:place] if node is not joined]
    del graph.node[:]
    graph.node.extend([*before, *nodes, *after])
    shapes = {value.name: value for value in onnx.shape_inference.infer_shapes(parts).graph.value_info}
    shapes[_CHANNELS].type.tensor_type.shape.dim[0].dim_param = "batch"
    graph.value_info.append(shapes[_CHANNELS])
    return parts


def _joined_channels(graph: GraphProto) -> tuple[NodeProto, list[str]]:
    """Return the node that joins the frame's channel with those that follow from views alone, and the latter."""
    of_frame, of_views = {_WARPED}, set(_VIEWS)
    for node in graph.node:
        if of_frame.intersection(node.input):
            of_frame.update(node.output)
        elif of_views.intersection(node.input):
            of_views.update(node.output)
    meeting = [node for node in graph.node if of_frame.intersection(node.input) and of_views.intersection(node.input)]
    if len(meeting) != 1 or meeting[0].op_type != "Concat" or meeting[0].input[0] not in of_frame:
        raise InputError("expected a step model that joins the frame's channel with the views' once")
    return meeting[0], list(meeting[0].input[1:])


def _rename_warped(model: ModelProto, warp: NodeProto, size_px: int) -> None:
    """Name the warp's output and state its type and shape, float32 (batch, 1, size, size)."""
    graph, name = model.graph, warp.output[0]
    for node in graph.node:
        node.input[:] = [_WARPED if item == name else item for item in node.input]
    warp.output[0] = _WARPED
    others = [item for item in graph.value_info if item.name != name]
    del graph.value_info[:]
    warped = helper.make_tensor_value_info(_WARPED, TensorProto.FLOAT, ("batch", 1, size_px, size_px))
    graph.value_info.extend([*others, warped])


def _move_weights(models: Sequence[ModelProto], weights_file: str) -> bytes:
    """Take the large arrays out of models, which then refer to the file, and return that file's bytes: each once."""
    weights, places = bytearray(), dict[bytes, int]()
    for tensor in (tensor for model in models for tensor in model.graph.initializer):
        raw = tensor.raw_data
        if len(raw) >= _EXTERNAL_BYTES:
            if raw not in places:
                places[raw] = len(weights)
                weights += raw
            set_external_data(tensor, weights_file, offset=places[raw], length=len(raw))
            tensor.ClearField("raw_data")
    return bytes(weights)


def _export_step(net: AbstractNet, geometry: StepGeometry) -> bytes:
    """Return the ONNX step model of one network with its arrays inside."""
    model = StepModel(net.eval().to(memory_format=torch.contiguous_format), geometry)  # type: ignore[call-overload]
    example = (
        torch.zeros(3, 1, 96, 112, dtype=torch.float16),
        torch.zeros(2, dtype=torch.int64),
        torch.eye(3).repeat(2, 1, 1),
        torch.zeros(2, geometry.pictures, dtype=torch.int64),
        torch.zeros(5, 1, geometry.size_px, geometry.size_px, dtype=torch.float16),
    )
    free = {"frames": {0: "frames", 2: "rows", 3: "columns"}, "atlas": {0: "views"}}
    free |= {name: {0: "batch"} for name in ("frame_index", "homography", "view_index", *OUTPUT_NAMES)}
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            example,
            str(Path(folder) / "step.onnx"),
            input_names=list(INPUT_NAMES),
            output_names=list(OUTPUT_NAMES),
            dynamic_axes=free,
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=True,
        )
        return (Path(folder) / "step.onnx").read_bytes()
