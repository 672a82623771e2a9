"""Export a trained network as ONNX graphs that share their weights; opset, names and shapes are stated here once.

The full graph warps the frame with one GridSample. The warped graph is the part of it after that warp: it takes the
warped frame, for a processor whose compiled warp is faster. It is there in two parts as well: the channels of cached
views, which no frame changes, and the rest, which takes them. Large arrays are ONNX external data in one file.
"""

import tempfile
import warnings
from pathlib import Path

import onnx
import onnx.shape_inference
import torch
from onnx import ModelProto, NodeProto, TensorProto, helper
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
        If the model has not exactly one GridSample.
    """
    warps = [node for node in model.graph.node if node.op_type == "GridSample"]
    if len(warps) != 1:
        raise InputError(f"expected a step model with one warp of the frame (GridSample), got {len(warps)}")
    _rename_warped(model, warps[0], size_px)
    weights = _move_weights(model, weights_file)
    names = _rename_channels(model)
    shapes = {value.name: value for value in onnx.shape_inference.infer_shapes(model).graph.value_info}
    for name in names:
        shapes[name].type.tensor_type.shape.dim[0].dim_param = "batch"
    model.graph.value_info.extend(shapes[name] for name in names)
    extractor = Extractor(model)
    warped = extractor.extract_model([_WARPED, *_VIEWS], list(OUTPUT_NAMES))
    channels = _number_names(extractor.extract_model(list(_VIEWS), names))
    beside = extractor.extract_model([_WARPED, *names], list(OUTPUT_NAMES))
    full, *others = (graph.SerializeToString() for graph in (model, warped, channels, beside))
    return NetworkGraphs(full, others[0], {weights_file: weights}, *others[1:])


def _number_names(model: ModelProto) -> ModelProto:
    """Return a model with values and nodes named by their order: two that compute the same are then the same bytes."""
    graph = model.graph
    kept = {value.name for value in (*graph.input, *graph.output)}
    inside = [tensor.name for tensor in graph.initializer] + [name for node in graph.node for name in node.output]
    renamed = {name: f"value_{number}" for number, name in enumerate(inside) if name not in kept}
    del graph.value_info[:]
    for tensor in graph.initializer:
        tensor.name = renamed.get(tensor.name, tensor.name)
    for number, node in enumerate(graph.node):
        node.name = f"node_{number}"
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    return model


def _rename_channels(model: ModelProto) -> list[str]:
    """Name the values that follow from cached views alone and meet there what follows from the frame; return them."""
    of_frame, of_views = {_WARPED}, set(_VIEWS)
    for node in model.graph.node:
        if of_frame.intersection(node.input):
            of_frame.update(node.output)
        elif of_views.intersection(node.input):
            of_views.update(node.output)
    meeting = [node for node in model.graph.node if of_frame.intersection(node.input)]
    found = dict.fromkeys(name for node in meeting for name in node.input if name in of_views)
    renamed = {name: f"channels_{number}" for number, name in enumerate(found)}
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    return list(renamed.values())


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


def _move_weights(model: ModelProto, weights_file: str) -> bytes:
    """Take the large arrays out of a model, which then refers to the file, and return that file's bytes."""
    weights = bytearray()
    for tensor in model.graph.initializer:
        raw = tensor.raw_data
        if len(raw) >= _EXTERNAL_BYTES:
            set_external_data(tensor, weights_file, offset=len(weights), length=len(raw))
            tensor.ClearField("raw_data")
            weights += raw
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
