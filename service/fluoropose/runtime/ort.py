"""ONNX Runtime's one home: sessions, devices, I/O binding. Telemetry is off before it is imported.

The atlas and the frame live in OrtValues on the device that serves them; a step sends a homography and an index
there and gets a dozen numbers back. On the CPU the same code runs without copies.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64
from fluoropose.errors import BundleError, DeviceError
from fluoropose.pehl.step import AbstractStepper, Regression, solved
from fluoropose.runtime.gpus import list_gpus

__all__ = ["Device", "OrtRegressor", "OrtStepper", "open_device", "version"]

_OUTPUTS = {"information": (6, 6), "vector": (6,), "presence": (1,)}
"""Each output and its shape after the batch axis."""

_CUDA_OPTIONS = {
    "cudnn_conv_algo_search": "HEURISTIC",
    "arena_extend_strategy": "kSameAsRequested",
    "use_tf32": "0",
}
"""Heuristic search: the exhaustive one stalls at each new shape. No TF32: poses must agree with the CPU's."""


_FRAME_SIZES = 4
"""Consoles of one room send one or two sizes; a buffer and its bindings are kept for so many."""

_SPIN_US = "1000"
"""How long an idle thread of the pool spins for its next work; unbounded spinning would take cores from others."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where networks run: `name` is "cpu" or "cuda"; `threads` bounds the CPU's intra-op pool.

    `note` says why it is the CPU where "auto" was asked for; `required` that nothing but this device will do.
    """

    name: str
    threads: int
    note: str = ""
    required: bool = False

    @property
    def label(self) -> str:
        """What results report."""
        return "cuda:0" if self.name == "cuda" else "cpu"

    @property
    def provider(self) -> str:
        """ONNX Runtime's name for it."""
        return "CUDAExecutionProvider" if self.name == "cuda" else "CPUExecutionProvider"


def version() -> str:
    """Return ONNX Runtime's version."""
    return str(ort.__version__)


def open_device(name: str, threads: int) -> Device:
    """Return the device "cpu", "cuda", or "auto" (CUDA where it works).

    Raises
    ------
    DeviceError
        If CUDA was asked for and cannot be used. Nothing falls back in silence.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"device must be auto, cpu or cuda, got {name!r}")
    if name == "cpu":
        return Device("cpu", threads)
    problem = _cuda_problem()
    if problem is None:
        return Device("cuda", threads, required=name == "cuda")
    if name == "cuda":
        raise DeviceError(f"expected a usable CUDA device, got: {problem}")
    return Device("cpu", threads, problem)


def _cuda_problem() -> str | None:
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


class OrtStepper(AbstractStepper):
    """The networks of one case on one device. Not for two threads at once: each worker has its own."""

    def __init__(self, models: dict[str, bytes], pictures: NDArray[Any], device: Device) -> None:
        """Open a session per stage and place the atlas.

        Parameters
        ----------
        models : stage name to ONNX bytes
        pictures : the atlas's, float16 (pictures, size, size)
        """
        self.device = device
        self._sessions = {stage: _open_session(model, device) for stage, model in models.items()}
        self.fallback_nodes = sum(_fallback_nodes(session, device) for session in self._sessions.values())
        shaped = np.ascontiguousarray(pictures[:, None])
        self._atlas_host = shaped
        self._atlas = _place(shaped, device)
        self._frames: dict[tuple[int, ...], _Frame] = {}
        self._frame: _Frame | None = None

    def put_frames(self, line_integrals: Float32) -> None:
        """Copy the frames to the device, once, as float16. Buffers of the last few sizes are kept."""
        shaped = line_integrals.astype(np.float16)[:, None]
        frame = self._frames.pop(shaped.shape, None)
        if frame is None:
            while len(self._frames) >= _FRAME_SIZES:
                self._frames.pop(next(iter(self._frames)))
            frame = _Frame(shaped, self.device)
        else:
            frame.update(shaped)
        self._frames[shaped.shape] = self._frame = frame

    def step(
        self, stage: str, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> Regression:
        """Run one stage's network on a batch of looks."""
        if self._frame is None:
            raise AssertionError("expected put_frames before step")
        bindings = self._frame.bindings
        key = (stage, *view_index.shape)
        if key not in bindings:
            session, frame = self._sessions[stage], self._frame.value
            bindings[key] = _Binding(session, frame, self._atlas, view_index.shape, self.device)
        information, vector, presence = bindings[key].run(homographies, view_index, frame_index)
        return solved(information.astype(np.float64), vector.astype(np.float64), presence[:, 0].astype(np.float64))


class _Frame:
    """The buffer of one instant's frames on the device and what is bound to it."""

    def __init__(self, shaped: NDArray[np.float16], device: Device) -> None:
        self.device = device
        self.host = shaped
        self.value = _place(self.host, device)
        self.bindings: dict[tuple[str | int, ...], _Binding] = {}

    def update(self, shaped: NDArray[np.float16]) -> None:
        if self.device.name == "cpu":
            np.copyto(self.host, shaped)
        else:
            self.value.update_inplace(shaped)


class OrtRegressor:
    """A network from residuals (n, size, size) to an update: one group of PEHL as published."""

    def __init__(self, model: bytes, device: Device) -> None:
        self._session = _open_session(model, device)

    def __call__(self, residuals: Float32) -> Float64:
        """Return the update (outputs,), mm and degrees."""
        (update,) = self._session.run(["update"], {"residuals": np.ascontiguousarray(residuals, np.float32)[None]})
        return np.asarray(update[0], np.float64)


class _Binding:
    """Inputs and outputs of one session for one shape of `view_index`, bound once."""

    def __init__(self, session: Any, frame: Any, atlas: Any, shape: tuple[int, ...], device: Device) -> None:
        batch = shape[0]
        self.session = session
        self.device = device
        self.homography_host = np.zeros((batch, 3, 3), np.float32)
        self.index_host = np.zeros(shape, np.int64)
        self.frame_index_host = np.zeros(batch, np.int64)
        self.homography = _place(self.homography_host, device)
        self.index = _place(self.index_host, device)
        self.frame_index = _place(self.frame_index_host, device)
        self.binding = session.io_binding()
        self.binding.bind_ortvalue_input("frames", frame)
        self.binding.bind_ortvalue_input("frame_index", self.frame_index)
        self.binding.bind_ortvalue_input("atlas", atlas)
        self.binding.bind_ortvalue_input("homography", self.homography)
        self.binding.bind_ortvalue_input("view_index", self.index)
        self.outputs_host = [np.zeros((batch, *shape), np.float32) for shape in _OUTPUTS.values()]
        self.outputs = [_place(array, device) for array in self.outputs_host]
        for name, value in zip(_OUTPUTS, self.outputs, strict=True):
            self.binding.bind_ortvalue_output(name, value)

    def run(
        self, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> list[Float32]:
        self.homography_host[...] = homographies
        self.index_host[...] = view_index
        self.frame_index_host[...] = frame_index
        if self.device.name != "cpu":
            self.homography.update_inplace(self.homography_host)
            self.index.update_inplace(self.index_host)
            self.frame_index.update_inplace(self.frame_index_host)
        try:
            self.session.run_with_iobinding(self.binding)
        except Exception as error:
            raise DeviceError(f"expected the network to run, got: {str(error).splitlines()[0][:200]}") from error
        if self.device.name == "cpu":
            return self.outputs_host
        return [value.numpy() for value in self.outputs]


def _place(array: NDArray[Any], device: Device) -> Any:
    if device.name == "cpu":
        return ort.OrtValue.ortvalue_from_numpy(array)
    return ort.OrtValue.ortvalue_from_numpy(array, "cuda", 0)


def _open_session(model: bytes, device: Device) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = device.threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.spin_duration_us", _SPIN_US)
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.name == "cuda":
        providers.insert(0, ("CUDAExecutionProvider", _CUDA_OPTIONS))
    try:
        session = ort.InferenceSession(model, options, providers=providers, enable_fallback=0)
    except Exception as error:
        raise BundleError(f"expected an ONNX model that runs, got: {str(error).splitlines()[0][:200]}") from error
    session.disable_fallback()
    wanted = providers[0] if isinstance(providers[0], str) else providers[0][0]
    if session.get_providers()[0] != wanted:
        raise DeviceError(f"expected the network on {wanted}, got {session.get_providers()[0]}")
    return session


def _fallback_nodes(session: Any, device: Device) -> int:
    """Return how many nodes ONNX Runtime placed on the CPU although the device is another."""
    if device.name == "cpu" or not hasattr(session, "get_provider_graph_assignment_info"):
        return 0
    parts = session.get_provider_graph_assignment_info()
    return sum(len(part.get_nodes()) for part in parts if part.ep_name == "CPUExecutionProvider")
