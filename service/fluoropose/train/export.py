"""Export a trained network as two ONNX graphs that share their weights; opset, names and shapes are stated here once.

The full graph warps the frame with one GridSample. The warped graph is the part of it after that warp: it takes the
warped frame, for a processor whose compiled warp is faster. Large arrays are ONNX external data in one file.
"""

import tempfile
import warnings
from pathlib import Path

import onnx
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

_EXTERNAL_BYTES = 1024
"""Smaller arrays stay in the graph: ONNX Runtime infers shapes from some of them."""


def export_network(net: AbstractNet, geometry: StepGeometry, weights_file: str) -> NetworkGraphs:
    """Return the graphs of a step with one network; batch, frames, their size and the number of views stay free.

    `weights_file` is the name of the file that the graphs refer to for their weights.
    """
    return split_at_warp(onnx.load_from_string(_export_step(net, geometry)), geometry.size_px, weights_file)


def split_at_warp(model: ModelProto, size_px: int, weights_file: str) -> NetworkGraphs:
    """Return the full graph of a step model, the part of it after its warp, and the weights of both.

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
    part = Extractor(model).extract_model([_WARPED, "view_index", "atlas"], list(OUTPUT_NAMES))
    return NetworkGraphs(model.SerializeToString(), part.SerializeToString(), {weights_file: weights})


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
