"""ONNX Runtime: devices, sessions, and values on a device. Its telemetry is switched off before it is imported.

On a GPU each batch size has a session of its own with that size fixed, so that no shape is computed on the CPU during a
run. Only such a session can replay a step as one CUDA graph, for which inputs and outputs must also keep their
addresses. ONNX Runtime captures a graph after two ordinary runs, within the first run of its number on each thread.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64
from fluoropose.drr.renderer_choice import choose_renderers
from fluoropose.drr.renderer_maker import CPU, AbstractRendererMaker
from fluoropose.errors import BundleError, DeviceError
from fluoropose.inference.gpus import list_gpus
from fluoropose.registration.regression.bundle import NetworkGraphs

__all__ = [
    "CUDA_GRAPH_LOCK",
    "Device",
    "DeviceMemory",
    "NetworkSession",
    "OrtRegressor",
    "open_device",
    "open_network",
    "open_parts",
    "open_session",
    "place",
    "version",
]

_CUDA_OPTIONS = {
    "cudnn_conv_algo_search": "HEURISTIC",
    "arena_extend_strategy": "kSameAsRequested",
    "use_tf32": "0",
}
"""The search for algorithms is heuristic, as the exhaustive one stalls at each new shape. TF32 is off, as poses must
agree with those of a CPU."""

_GRAPH_NUMBERS = itertools.count(1)
"""Each binding has its own number, so that a graph is never replayed on other buffers than it was captured with."""

CUDA_GRAPH_LOCK = threading.RLock()
"""While a CUDA graph is captured, no other thread may allocate or copy on the device, for this case or another."""

_log = logging.getLogger("fluoropose.device")

_SPIN_US = "1000"
"""How long an idle thread of the pool spins; without a bound it would take a core from other work."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where networks run: `name` is "cpu" or "cuda"; `threads` bounds the CPU's intra-op pool.

    `note` says why it is the CPU where "auto" was asked for. `required` is true where the user asked for this device
    and no other. `graphs` is true where steps are to be replayed as CUDA graphs. `renderers` makes what renders views.
    """

    name: str
    threads: int
    note: str = ""
    required: bool = False
    graphs: bool = False
    renderers: AbstractRendererMaker = field(default=CPU, compare=False, repr=False)

    @property
    def label(self) -> str:
        """The device's name in results."""
        return "cuda:0" if self.name == "cuda" else "cpu"

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of the device."""
        return "CUDAExecutionProvider" if self.name == "cuda" else "CPUExecutionProvider"


def version() -> str:
    """Return ONNX Runtime's version."""
    return str(ort.__version__)


def open_device(name: str, threads: int, graphs: bool = False, renderer: str = "auto") -> Device:
    """Return the device of a name: "cpu", "cuda", or "auto", which is CUDA where that works.

    With `graphs` a GPU replays its steps as CUDA graphs. `renderer` says in the same words where views are rendered;
    "auto" tries CUDA unless the device was to be the CPU.

    Raises
    ------
    DeviceError
        If a name is another one, or is "cuda" and CUDA cannot be used for it.
    """
    device = _open_networks_device(name, threads, graphs)
    return replace(device, renderers=_open_renderers(renderer, name, device.graphs))


def _open_renderers(renderer: str, device: str, graphs: bool) -> AbstractRendererMaker:
    no_gpu = None
    if renderer == "auto" and device == "cpu":
        no_gpu = "the device is the CPU"
    elif renderer != "cpu" and not list_gpus():
        no_gpu = "the driver reports no GPU"
    return choose_renderers(renderer, no_gpu, CUDA_GRAPH_LOCK if graphs else None)


def _open_networks_device(name: str, threads: int, graphs: bool) -> Device:
    if name not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"device must be auto, cpu or cuda, got {name!r}")
    problem = "" if name == "cpu" else _cuda_problem()
    if problem is None:
        return Device("cuda", threads, required=name == "cuda", graphs=graphs)
    if name == "cuda":
        raise DeviceError(f"expected a usable CUDA device, got: {problem}")
    if graphs:
        _log_refused_graphs("the device is the CPU")
    return Device("cpu", threads, problem)


def _log_refused_graphs(why: str) -> None:
    _log.warning("no CUDA graphs", extra={"fields": {"why": why}})


def _cuda_problem() -> str | None:
    """Return why CUDA cannot be used, or None where it can."""
    if not list_gpus():
        return "the driver reports no GPU"
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        return "this onnxruntime was built without CUDA"
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    try:
        ort.OrtValue.ortvalue_from_numpy(np.zeros(1, np.float32), "cuda", 0)
    except Exception as error:
        return str(error).splitlines()[0][:200]
    return None


@dataclass(frozen=True, slots=True, eq=False)
class DeviceMemory:
    """An array that is in a device's memory: it begins at `address`, and is there as long as `owner` is.

    `device` is ONNX Runtime's name of the kind of device, of which it is the first.
    """

    address: int
    shape: tuple[int, ...]
    dtype: Any
    owner: Any
    device: str = "cuda"


@dataclass(frozen=True, slots=True)
class NetworkSession:
    """One network, opened on a device.

    `graphs` is true where its steps are replayed as CUDA graphs. `fallback_nodes` is how many of its nodes run on the
    CPU although the device is another.
    """

    session: Any
    graphs: bool
    fallback_nodes: int

    @property
    def output_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each output after the batch axis, by its name."""
        return {output.name: tuple(output.shape[1:]) for output in self.session.get_outputs()}

    def bind(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Callable[[], None]:
        """Return a function that runs the network on these values, or raises DeviceError.

        The values keep their addresses and shapes; their contents may change between runs. An input may be a
        `DeviceMemory`, which is read where it is.
        """
        binding = self.session.io_binding()
        for name, value in inputs.items():
            if isinstance(value, DeviceMemory):
                binding.bind_input(name, value.device, 0, value.dtype, value.shape, value.address)
            else:
                binding.bind_ortvalue_input(name, value)
        for name, value in outputs.items():
            binding.bind_ortvalue_output(name, value)
        # A run without options is 30 us shorter, as ONNX Runtime's wrapper does not look into them.
        options = ort.RunOptions() if self.graphs else None
        if options is not None:
            options.add_run_config_entry("gpu_graph_id", str(next(_GRAPH_NUMBERS)))

        def run() -> None:
            try:
                self.session.run_with_iobinding(binding, options)
            except Exception as error:
                raise DeviceError(f"expected the network to run, got: {str(error).splitlines()[0][:200]}") from error

        return run


def open_network(network: NetworkGraphs, device: Device, batch: int) -> NetworkSession:
    """Return a network for a batch: on a GPU the full graph for this size only, on a CPU the warped one for any size.

    Where ONNX Runtime refuses CUDA graphs, the network runs without them and the log says why.
    """
    if device.name == "cpu":
        session = open_session(network.warped, device, network.weights)
        return NetworkSession(session, False, 0)
    if device.graphs:
        try:
            session = open_session(network.full, device, network.weights, batch, graphs=True)
            return NetworkSession(session, True, _count_fallback_nodes(session))
        except BundleError as error:
            _log_refused_graphs(str(error))
    session = open_session(network.full, device, network.weights, batch)
    return NetworkSession(session, False, _count_fallback_nodes(session))


def open_parts(network: NetworkGraphs, device: Device) -> tuple[NetworkSession, NetworkSession]:
    """Return, on a CPU, the part of a network that looks at cached views alone, and the rest of it."""
    parts = (open_session(graph, device, network.weights) for graph in (network.channels, network.beside))
    channels, beside = (NetworkSession(part, False, 0) for part in parts)
    return channels, beside


class OrtRegressor:
    """A network from residuals (n, size, size) to an update: one group of PEHL as published."""

    def __init__(self, model: bytes, device: Device) -> None:
        self._session = open_session(model, device)

    def __call__(self, residuals: Float32) -> Float64:
        """Return the update (outputs,), mm and degrees."""
        (update,) = self._session.run(["update"], {"residuals": np.ascontiguousarray(residuals, np.float32)[None]})
        return np.asarray(update[0], np.float64)


def place(array: NDArray[Any], device: Device) -> Any:
    """Return an array as a value on the device; on the CPU the value shares the array's memory."""
    if device.name == "cpu":
        return ort.OrtValue.ortvalue_from_numpy(array)
    return ort.OrtValue.ortvalue_from_numpy(array, "cuda", 0)


def open_session(
    graph: bytes,
    device: Device,
    weights: dict[str, bytes] | None = None,
    batch: int | None = None,
    *,
    graphs: bool = False,
) -> Any:
    """Return ONNX Runtime's session of an ONNX graph.

    Parameters
    ----------
    graph : ONNX bytes
    device : where it runs
    weights : external data by the file name that the graph knows it by
    batch : the only batch size that the session takes; None for any
    graphs : whether its runs are replayed as CUDA graphs

    Raises
    ------
    BundleError
        If ONNX Runtime refuses the graph.
    DeviceError
        If the session would run elsewhere.
    """
    options = _session_options(device, weights or {}, batch)
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.name == "cuda":
        providers.insert(0, ("CUDAExecutionProvider", _CUDA_OPTIONS | {"enable_cuda_graph": str(int(graphs))}))
    try:
        session = ort.InferenceSession(graph, options, providers=providers, enable_fallback=0)
    except Exception as error:
        raise BundleError(f"expected an ONNX model that runs, got: {str(error).splitlines()[0][:200]}") from error
    session.disable_fallback()
    wanted = providers[0] if isinstance(providers[0], str) else providers[0][0]
    if session.get_providers()[0] != wanted:
        raise DeviceError(f"expected the network on {wanted}, got {session.get_providers()[0]}")
    return session


def _session_options(device: Device, weights: dict[str, bytes], batch: int | None) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = device.threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.spin_duration_us", _SPIN_US)
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    if batch is not None:
        options.add_free_dimension_override_by_name("batch", batch)
    if weights:
        sizes = [len(data) for data in weights.values()]
        options.add_external_initializers_from_files_in_memory(list(weights), list(weights.values()), sizes)
    return options


def _count_fallback_nodes(session: Any) -> int:
    """Return how many nodes ONNX Runtime placed on the CPU although the device is a GPU."""
    if not hasattr(session, "get_provider_graph_assignment_info"):
        return 0
    parts = session.get_provider_graph_assignment_info()
    return sum(len(part.get_nodes()) for part in parts if part.ep_name == "CPUExecutionProvider")
