"""A trained network becomes an ONNX step model with fixed names; opset and shapes are stated here once."""

import warnings
from pathlib import Path

import torch

from fluoropose.drr.atlas import Atlas
from fluoropose.train.network import AbstractNet, StepModel

__all__ = ["INPUT_NAMES", "OPSET", "OUTPUT_NAMES", "export_step"]

OPSET = 18
INPUT_NAMES = ("frames", "frame_index", "homography", "view_index", "atlas")
OUTPUT_NAMES = ("information", "vector", "presence")


def export_step(net: AbstractNet, atlas: Atlas, path: Path) -> None:
    """Write the step model of one stage; batch, frames, their size and the number of views stay free."""
    view = atlas.view
    model = StepModel(net.eval().to(memory_format=torch.contiguous_format), atlas)  # type: ignore[call-overload]
    example = (
        torch.zeros(3, 1, 96, 112, dtype=torch.float16),
        torch.zeros(2, dtype=torch.int64),
        torch.eye(3).repeat(2, 1, 1),
        torch.zeros(2, len(atlas.picture_indices(0)), dtype=torch.int64),
        torch.zeros(5, 1, view.size_px, view.size_px, dtype=torch.float16),
    )
    free = {"frames": {0: "frames", 2: "rows", 3: "columns"}, "atlas": {0: "views"}}
    free |= {name: {0: "batch"} for name in ("frame_index", "homography", "view_index", *OUTPUT_NAMES)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            example,
            str(path),
            input_names=list(INPUT_NAMES),
            output_names=list(OUTPUT_NAMES),
            dynamic_axes=free,
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=True,
        )
