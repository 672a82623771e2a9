"""The stepper's way over a GPU with CUDA graphs, on a pretended GPU: buffers that stay, numbers, refusals."""

import numpy as np
import pytest

from fluoropose.errors import BundleError
from fluoropose.inference import onnx_runtime as ort
from fluoropose.inference import stepper
from fluoropose.inference.onnx_runtime import Device, DeviceMemory, open_device
from fluoropose.inference.stepper import OrtStepper
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.regression.bundle import NetworkGraphs

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class PretendedGpu:
    """Networks run on the CPU, over values that are apart from the host's arrays; notes what was asked for."""

    def __init__(self, monkeypatch, refuses=""):
        self.opened, self.runs, self.values = [], [], []
        gpu, place, session = self, stepper.place, ort.ort.InferenceSession

        class Session(session):
            def __init__(self, model, options, providers, **more):
                graphs = dict([providers[0]])[CUDA]["enable_cuda_graph"]
                if graphs == "1" and refuses:
                    raise RuntimeError(refuses)
                super().__init__(model, options, providers=[CPU], **more)
                gpu.opened.append(graphs)

            def get_providers(self):
                return [CUDA, CPU]

            def run_with_iobinding(self, binding, options=None):
                try:
                    number = options.get_run_config_entry("gpu_graph_id")
                except Exception:
                    number = ""
                gpu.runs.append((self, number))
                super().run_with_iobinding(binding, options)

        def apart(array, device):
            if device.name == "cpu":
                return place(array, device)
            self.values.append(place(array.copy(), Device("cpu", 1)))
            return self.values[-1]

        monkeypatch.setattr(ort.ort, "InferenceSession", Session)
        monkeypatch.setattr(stepper, "place", apart)


@pytest.fixture(scope="module")
def bundle(models_root):
    return load_bundle(models_root / "small")


def looks(rng, count):
    """Frames and looks of two instants: homographies, view and frame indices."""
    frames = rng.random((count, 40, 50)).astype(np.float32)
    whole = np.array([[2 / 127, 0.0, -1.0], [0.0, 2 / 127, -1.0], [0.0, 0.0, 1.0]])
    homographies = whole @ (np.eye(3) + [[0.05], [0.05], [1e-4]] * rng.standard_normal((count, 3, 3)))
    return frames, homographies, rng.integers(0, 9, (count, 5)), np.arange(count)


def both(steppers, instants):
    """Return what each stepper makes of each instant, the stages after one another."""
    seen = []
    for one in steppers:
        for frames, *rest in instants:
            one.put_frames(frames)
            seen.append([one.step(stage, *rest) for stage in ("coarse", "fine")])
    half = len(seen) // 2
    return zip(seen[:half], seen[half:], strict=True)


def test_a_graph_keeps_its_number_its_network_and_its_buffers(monkeypatch, small_case, bundle, rng):
    instants = [looks(rng, count) for count in (1, 1, 2, 1, 2)]
    views = np.asarray(small_case.atlas.views)
    plain = OrtStepper(bundle.models, views, Device("cpu", 1))
    gpu = PretendedGpu(monkeypatch)
    graphed = OrtStepper(bundle.models, views, Device("cuda", 1, graphs=True))
    addresses = []
    put = graphed.put_frames

    def noted(frames):
        put(frames)
        addresses.append([value.data_ptr() for value in gpu.values])

    monkeypatch.setattr(graphed, "put_frames", noted)
    for expected, found in both((plain, graphed), instants):
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(other.residuals, one.residuals, rtol=1e-3, atol=1e-5)
            np.testing.assert_allclose(other.information, one.information, rtol=1e-3, atol=1e-5)
    assert gpu.opened == ["1"] * 4  # two stages, two batch sizes
    numbers = [[number for _, number in gpu.runs[2 * n : 2 * n + 2]] for n in range(5)]
    one_frame, two_frames = numbers[0], numbers[2]
    assert numbers == [one_frame, one_frame, two_frames, one_frame, two_frames]
    assert len({*one_frame, *two_frames} - {"", "0", "-1"}) == 4
    assert len(set(gpu.runs)) == 4  # each network only ever ran under one number
    assert addresses[1] == addresses[-1][: len(addresses[1])]
    assert len(addresses[2]) < len(addresses[3]) == len(addresses[4])  # nothing is placed for what was there before


def test_where_graphs_are_refused_the_network_runs_without_and_says_so(monkeypatch, caplog, small_case, bundle, rng):
    gpu = PretendedGpu(monkeypatch, refuses="This session cannot use the graph capture feature: a node is on the CPU")
    graphless = OrtStepper(bundle.models, np.asarray(small_case.atlas.views), Device("cuda", 1, graphs=True))
    frames, *rest = looks(rng, 1)
    graphless.put_frames(frames)
    assert np.isfinite(graphless.step("fine", *rest).residuals).all()
    assert gpu.opened == ["0", "0"]
    assert {number for _, number in gpu.runs} == {""}
    said = [record for record in caplog.records if record.name == "fluoropose.device"]
    assert [record.getMessage() for record in said] == ["no CUDA graphs"] * 2
    assert "a node is on the CPU" in said[0].fields["why"]


def test_a_model_that_is_none_is_refused_with_graphs_too(monkeypatch, small_case):
    PretendedGpu(monkeypatch)
    none = NetworkGraphs(b"x", b"x", {})
    with pytest.raises(BundleError, match="ONNX model that runs"):
        OrtStepper({"fine": none}, np.asarray(small_case.atlas.views), Device("cuda", 1, graphs=True))


def test_without_being_asked_for_no_graphs_are_made(monkeypatch, small_case, bundle, rng):
    gpu = PretendedGpu(monkeypatch)
    plain = OrtStepper(bundle.models, np.asarray(small_case.atlas.views), Device("cuda", 1))
    frames, *rest = looks(rng, 1)
    plain.put_frames(frames)
    plain.step("fine", *rest)
    assert gpu.opened == ["0", "0"]
    assert {number for _, number in gpu.runs} == {""}


@pytest.mark.parametrize("graphs", [False, True])
def test_pictures_on_the_device_are_read_where_they_are(monkeypatch, small_case, bundle, rng, graphs):
    """The memory of the pretended GPU is the host's: what is written there later is what the next step sees."""
    views = np.array(small_case.atlas.views)
    plain, later = (OrtStepper(bundle.models, shown, Device("cpu", 1)) for shown in (views, views[::-1].copy()))
    gpu = PretendedGpu(monkeypatch)
    there = np.zeros((len(views), 1, *views.shape[1:]), np.float16)
    on_device = DeviceMemory(there.ctypes.data, there.shape, np.float16, there, "cpu")
    placed = OrtStepper(bundle.models, views, Device("cuda", 1, graphs=graphs), on_device=on_device)
    there[...] = views[:, None]
    first, second = looks(rng, 2), looks(rng, 2)
    compare_looks((plain, placed), [first, second])
    sizes = [value.shape() for value in gpu.values]
    assert [2 * 5, 1, *views.shape[1:]] not in sizes  # no pictures are sent
    there[...] = there[::-1].copy()
    compare_looks((later, placed), [first])


def compare_looks(steppers, instants):
    for expected, found in both(steppers, instants):
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(other.residuals, one.residuals, rtol=1e-3, atol=1e-5)


@pytest.mark.gpu
def test_graphs_change_no_number(small_case, bundle, rng):
    views = np.asarray(small_case.atlas.views)
    steppers = [OrtStepper(bundle.models, views, open_device("cuda", 1, graphs)) for graphs in (False, True)]
    for expected, found in both(steppers, [looks(rng, count) for count in (1, 1, 2, 1, 2)]):
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(other.residuals, one.residuals, rtol=1e-4, atol=1e-6)
