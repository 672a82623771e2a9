"""A step model after its warp, against the whole one and against ONNX's own reading of it."""

import numpy as np
import onnx
import pytest
from onnx import helper

from fluoropose.errors import BundleError
from fluoropose.imaging.sampling import warp_frame
from fluoropose.inference import onnx_runtime as ort
from fluoropose.inference.after_warp import after_warp
from fluoropose.inference.onnx_runtime import Device
from fluoropose.io.bundles import list_bundles, load_bundle

SIZE = 128


def shipped_models():
    from fluoropose.cli.settings import shipped_models_root

    root = shipped_models_root()
    return [(name, stage) for name in list_bundles(root) for stage in ("coarse", "fine")]


def whole_model(name, stage):
    from fluoropose.cli.settings import shipped_models_root

    return load_bundle(shipped_models_root() / name).models[stage]


@pytest.mark.parametrize(("name", "stage"), shipped_models())
def test_it_answers_as_the_whole_model_to_what_that_would_warp(name, stage, rng):
    model = whole_model(name, stage)
    cut, seen = after_warp(model, SIZE)
    frame = rng.random((90, 110)).astype(np.float16)
    homography = np.array([[2 / SIZE, 1e-4, -1.05], [-2e-4, 2 / SIZE, -0.9], [1e-5, 2e-5, 1.0]], np.float32)
    given = {"view_index": np.arange(5)[None], "atlas": rng.random((9, 1, SIZE, SIZE)).astype(np.float16)}
    expected = ort._open_session(model, Device("cpu", 1)).run(
        None,
        given | {"frames": frame[None, None], "frame_index": np.zeros(1, np.int64), "homography": homography[None]},
    )
    warped = warp_frame(frame.astype(np.float32), homography, SIZE)
    found = ort._open_session(cut, Device("cpu", 1)).run(None, given | {seen: warped[None, None]})
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-3, atol=2e-4 * np.abs(one).max())


def test_it_is_a_model_without_what_only_the_warp_needed():
    cut, seen = after_warp(whole_model("plate", "fine"), SIZE)
    model = onnx.load_from_string(cut)
    onnx.checker.check_model(model)
    assert {item.name for item in model.graph.input} == {"view_index", "atlas", seen}
    assert "GridSample" not in {node.op_type for node in model.graph.node}
    assert "pixels" not in {item.name for item in model.graph.initializer}
    shape = next(item for item in model.graph.input if item.name == seen).type.tensor_type.shape
    assert [dim.dim_param or dim.dim_value for dim in shape.dim] == ["batch", 1, SIZE, SIZE]


@pytest.mark.parametrize("bytes_", [b"x", b"\x3a\x05ab", b"\x3b", b"\x3a\x03\x0a\x01\xff"])
def test_what_is_no_model_is_refused(bytes_):
    with pytest.raises(BundleError, match="ONNX model that runs"):
        after_warp(bytes_, SIZE)


@pytest.mark.parametrize("count", [0, 2])
def test_a_model_with_not_one_warp_is_refused(count):
    nodes = [helper.make_node("GridSample", ["frame", "grid"], [f"seen{n}"]) for n in range(count)]
    model = helper.make_model(helper.make_graph(nodes, "none", [], []))
    with pytest.raises(BundleError, match=rf"one warp of the frame \(GridSample\), got {count}"):
        after_warp(model.SerializeToString(), SIZE)
