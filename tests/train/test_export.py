"""The two graphs of each network: they agree, share their weights, and are ONNX files that others can read."""

import numpy as np
import onnx
import pytest
from onnx import helper

from fluoropose.errors import InputError
from fluoropose.inference.onnx_runtime import Device, open_session
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.registration.regression.numpy_step import warp_frame
from fluoropose.train.export import OPSET, export_network, split_at_warp
from fluoropose.train.network import build_net, step_geometry
from fluoropose.train.profiles import STAGES

SIZE_PX = 128
CPU = Device("cpu", 1)


@pytest.fixture(scope="module", params=STAGES, ids=lambda stage: stage.name)
def exported(request, small_case, tmp_path_factory):
    """A network of each kind with random weights, and a folder with its three files."""
    stage = request.param
    graphs = export_network(build_net(stage.shape, SIZE_PX), step_geometry(small_case.atlas), f"{stage.name}.weights")
    folder = tmp_path_factory.mktemp(stage.name)
    (folder / "full.onnx").write_bytes(graphs.full)
    (folder / "warped.onnx").write_bytes(graphs.warped)
    for name, data in graphs.weights.items():
        (folder / name).write_bytes(data)
    return graphs, folder


def assert_the_graphs_agree(graphs, rng, pictures=5):
    """The full graph on a frame, and the warped graph on that frame as the NumPy twin warps it."""
    frame = rng.random((90, 110)).astype(np.float16)
    homography = np.array([[2 / SIZE_PX, 1e-4, -1.05], [-2e-4, 2 / SIZE_PX, -0.9], [1e-5, 2e-5, 1.0]], np.float32)
    given = {"view_index": np.arange(pictures)[None], "atlas": rng.random((9, 1, SIZE_PX, SIZE_PX)).astype(np.float16)}
    expected = open_session(graphs.full, CPU, graphs.weights).run(
        None,
        given | {"frames": frame[None, None], "frame_index": np.zeros(1, np.int64), "homography": homography[None]},
    )
    warped = warp_frame(frame.astype(np.float32), homography, SIZE_PX)
    found = open_session(graphs.warped, CPU, graphs.weights).run(None, given | {"warped": warped[None, None]})
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-3, atol=2e-4 * np.abs(one).max())


def assert_the_parts_agree(graphs, rng):
    """The warped graph, and its two parts after one another, give the same."""
    warped = rng.random((1, 1, SIZE_PX, SIZE_PX)).astype(np.float32)
    given = {"view_index": np.arange(5)[None], "atlas": rng.random((9, 1, SIZE_PX, SIZE_PX)).astype(np.float16)}
    expected = open_session(graphs.warped, CPU, graphs.weights).run(None, given | {"warped": warped})
    part = open_session(graphs.channels, CPU, graphs.weights)
    names = [output.name for output in part.get_outputs()]
    channels = dict(zip(names, part.run(None, given), strict=True))
    assert names == ["channels"]
    found = open_session(graphs.beside, CPU, graphs.weights).run(None, channels | {"warped": warped})
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-5 * np.abs(one).max())


@pytest.mark.parametrize("stage", ["coarse", "fine"])
@pytest.mark.parametrize("in_body", [False, True], ids=["alone", "body"])
def test_both_graphs_of_a_shipped_network_agree(in_body, stage, rng):
    folder = universal_bundle_folder(shipped_models_root(), in_body=in_body)
    assert_the_graphs_agree(load_bundle(folder).models[stage], rng, 5 + in_body)


def test_both_graphs_of_an_exported_network_agree(exported, rng):
    assert_the_graphs_agree(exported[0], rng)


def test_the_two_parts_of_the_warped_graph_agree_with_it(exported, rng):
    assert_the_parts_agree(exported[0], rng)


def test_a_model_that_does_not_join_frame_and_views_once_is_refused(exported):
    graphs, folder = exported
    model = onnx.load(folder / "full.onnx")
    joined = next(node for node in model.graph.node if node.op_type == "Concat" and len(node.input) > 2)
    joined.input[:] = joined.input[::-1]
    with pytest.raises(InputError, match="joins the frame's channel with the views' once"):
        split_at_warp(model, SIZE_PX, next(iter(graphs.weights)))


def test_the_warped_graph_takes_warped_frames_and_holds_nothing_that_only_the_warp_needs(exported):
    _, folder = exported
    model = onnx.load(folder / "warped.onnx", load_external_data=False)
    assert [item.version for item in model.opset_import] == [OPSET]
    assert {item.name for item in model.graph.input} == {"view_index", "atlas", "warped"}
    assert "GridSample" not in {node.op_type for node in model.graph.node}
    assert "pixels" not in {item.name for item in model.graph.initializer}
    shape = next(item for item in model.graph.input if item.name == "warped").type.tensor_type.shape
    assert [dim.dim_param or dim.dim_value for dim in shape.dim] == ["batch", 1, SIZE_PX, SIZE_PX]


def test_the_files_are_onnx_as_others_read_it(exported, rng):
    """ONNX's checker and ONNX Runtime open each graph by its path and find the weights beside it."""
    import onnxruntime

    graphs, folder = exported
    given = {"view_index": np.arange(5)[None], "atlas": rng.random((9, 1, SIZE_PX, SIZE_PX)).astype(np.float16)}
    given["warped"] = rng.random((1, 1, SIZE_PX, SIZE_PX)).astype(np.float32)
    for name in ("full", "warped"):
        onnx.checker.check_model(folder / f"{name}.onnx")
    by_path = onnxruntime.InferenceSession(folder / "warped.onnx", providers=["CPUExecutionProvider"])
    from_memory = open_session(graphs.warped, CPU, graphs.weights)
    for one, other in zip(by_path.run(None, given), from_memory.run(None, given), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_the_weights_are_stored_once(exported):
    graphs, _ = exported
    (data,) = graphs.weights.values()
    assert len(graphs.full) + len(graphs.warped) < 0.1 * len(data)
    shared = (graphs.full, graphs.warped, graphs.channels, graphs.beside)
    assert graphs.size_bytes == sum(map(len, shared)) + len(data)


@pytest.mark.parametrize("count", [0, 2])
def test_a_model_without_exactly_one_warp_is_refused(count):
    nodes = [helper.make_node("GridSample", ["frame", "grid"], [f"warped{n}"]) for n in range(count)]
    model = helper.make_model(helper.make_graph(nodes, "none", [], []))
    with pytest.raises(InputError, match=rf"one warp of the frame \(GridSample\), got {count}"):
        split_at_warp(model, SIZE_PX, "none.weights")
