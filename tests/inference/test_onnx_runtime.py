"""Devices and sessions: what is opened where, what is refused, and networks without shapes to compute."""

import numpy as np
import pytest

from fluoropose.drr.renderer_maker import CPU as CPU_RENDERERS
from fluoropose.errors import BundleError, DeviceError
from fluoropose.inference.gpus import list_gpus
from fluoropose.inference.onnx_runtime import Device, DeviceMemory, open_device, open_network, open_session, place
from fluoropose.io.bundles import list_bundles, load_bundle, shipped_models_root, universal_bundle_folder

CPU = Device("cpu", 1)


@pytest.fixture(scope="module")
def network(models_root):
    return load_bundle(models_root / "small").models["fine"]


def test_a_device_of_another_name_is_refused():
    with pytest.raises(DeviceError, match="auto, cpu or cuda, got 'tpu'"):
        open_device("tpu", 1)


def test_the_cpu_takes_the_place_of_a_gpu_only_where_that_was_left_open():
    if list_gpus():
        pytest.skip("this machine has a GPU")
    found = open_device("auto", 2)
    assert (found.label, found.threads, found.required) == ("cpu", 2, False)
    assert found.note == "the driver reports no GPU"
    with pytest.raises(DeviceError, match="usable CUDA device, got: the driver reports no GPU"):
        open_device("cuda", 1)


def test_a_cpu_opens_the_warped_graph_and_runs_no_node_elsewhere(network):
    opened = open_network(network, CPU, 1)
    assert {item.name for item in opened.session.get_inputs()} == {"warped", "view_index", "atlas"}
    assert not opened.graphs
    assert opened.fallback_nodes == 0


def test_a_binding_reads_its_values_at_each_run(network, rng):
    opened = open_network(network, CPU, 1)
    size = opened.session.get_inputs()[-1].shape[-1]
    warped = np.zeros((1, 1, size, size), np.float32)
    atlas = rng.random((9, 1, size, size)).astype(np.float16)
    given = {"warped": warped, "view_index": np.arange(5)[None], "atlas": atlas}
    outputs = {"information": np.zeros((1, 6, 6), np.float32), "vector": np.zeros((1, 6), np.float32)}
    outputs["presence"] = np.zeros((1, 1), np.float32)
    run = opened.bind(*({name: place(array, CPU) for name, array in part.items()} for part in (given, outputs)))
    for _ in range(2):
        warped[...] = rng.random(warped.shape)
        run()
        (expected,) = opened.session.run(["vector"], given)
        np.testing.assert_array_equal(outputs["vector"], expected)


def test_a_binding_reads_an_input_at_its_address(network, rng):
    """On a CPU, whose memory has addresses as well; the owner keeps it there."""
    opened = open_network(network, CPU, 1)
    size = opened.session.get_inputs()[-1].shape[-1]
    atlas = rng.random((9, 1, size, size)).astype(np.float16)
    given = {"warped": rng.random((1, 1, size, size)).astype(np.float32), "view_index": np.arange(5)[None]}
    outputs = {"information": np.zeros((1, 6, 6), np.float32), "vector": np.zeros((1, 6), np.float32)}
    outputs["presence"] = np.zeros((1, 1), np.float32)
    values = {name: place(array, CPU) for name, array in given.items()}
    values["atlas"] = DeviceMemory(atlas.ctypes.data, atlas.shape, np.float16, atlas, "cpu")
    run = opened.bind(values, {name: place(array, CPU) for name, array in outputs.items()})
    for _ in range(2):
        atlas[...] = rng.random(atlas.shape)
        run()
        (expected,) = opened.session.run(["vector"], given | {"atlas": atlas})
        np.testing.assert_array_equal(outputs["vector"], expected)


def test_views_are_rendered_on_the_cpu_unless_cuda_is_there():
    assert open_device("cpu", 1).renderers is CPU_RENDERERS
    assert open_device("auto", 1, renderer="cpu").renderers is CPU_RENDERERS
    with pytest.raises(DeviceError, match="renderer must be auto, cpu or cuda, got 'gpu'"):
        open_device("cpu", 1, renderer="gpu")
    if not list_gpus():
        assert open_device("auto", 1).renderers is CPU_RENDERERS
        with pytest.raises(DeviceError, match="expected a CUDA device to render on, got: the driver reports no GPU"):
            open_device("auto", 1, renderer="cuda")


def test_a_graph_without_its_weights_is_refused(network):
    with pytest.raises(BundleError, match="ONNX model that runs"):
        open_session(network.full, CPU)
    short = {name: data[: len(data) // 2] for name, data in network.weights.items()}
    with pytest.raises(BundleError, match="ONNX model that runs"):
        open_session(network.full, CPU, short)


def test_on_the_cpu_graphs_are_declined_in_the_log(caplog):
    assert not open_device("cpu", 1, graphs=True).graphs
    assert [record.fields for record in caplog.records] == [{"why": "the device is the CPU"}]
    if not list_gpus():
        with pytest.raises(DeviceError, match="expected a usable CUDA device"):
            open_device("cuda", 1, graphs=True)


def operations(model, batch):
    session = open_session(model.full, Device("cpu", 1), model.weights, batch)
    return {node.op_type for part in session.get_provider_graph_assignment_info() for node in part.get_nodes()}


def test_a_network_of_one_batch_size_computes_no_shapes():
    """On a GPU those would be nodes on the CPU: graphs refused, and a service that needs the GPU never ready."""
    folders = [universal_bundle_folder(shipped_models_root(), in_body=in_body) for in_body in (False, True)]
    folders += [shipped_models_root() / name for name in list_bundles(shipped_models_root())]
    models = [model for folder in folders for model in load_bundle(folder).models.values()]
    assert len(models) >= 4
    for model in models:
        assert "Shape" in operations(model, None)
        for batch in (1, 2):
            assert not operations(model, batch) & {"Shape", "ConstantOfShape", "Expand", "Where", "Equal", "Range"}
