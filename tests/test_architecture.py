"""Imports point one way and each library has one home: both read from the code."""

import ast
from functools import cache
from pathlib import Path

import pytest

import fluoropose

ROOT = Path(fluoropose.__file__).parent

LAYERS = {
    "errors": 0, "arrays": 0, "parallel": 0,
    "geometry": 1,
    "imaging": 2,
    "objects": 3, "similarity": 3,
    "drr": 4,
    "registration": 5, "simulate": 5,
    "tracking": 6, "inference": 6,
    "train": 7, "io": 7, "telemetry": 7,
    "serving": 8,
    "transports": 9,
    "client": 10,
    "evaluation": 11, "igtlink": 11,
    "fleet": 12,
    "cli": 13, "notebook": 13, "python_api": 13, "__main__": 14, "__init__": 0,
}  # fmt: skip
"""An import goes to a lower number, or stays in its room."""

HOMES = {
    "numba": {
        "imaging/distortion.py", "imaging/half_precision.py", "imaging/quick_math.py", "imaging/xray.py", "imaging/sampling.py",
        "imaging/field_search.py", "imaging/filters.py", "imaging/mesh_chords.py", "imaging/mesh_shares.py", "imaging/templates.py",
        "imaging/usable_pixels.py", "similarity/",
        "drr/cpu.py", "drr/cuda.py", "drr/cuda_check.py", "drr/cuda_kernels.py", "drr/cuda_memory.py",
        "drr/occupied_blocks.py", "drr/planes.py",
        "registration/object_subtraction.py", "registration/projected_object.py",
        "simulate/sampled_rays.py", "simulate/surface_rays.py", "train/appearance.py", "evaluation/published/patches.py",
    },
    "cuda": {"drr/cuda_memory.py"},
    "llvmlite": {"imaging/quick_math.py"},
    "scipy": {
        "evaluation/studies/wrist/biplane_search.py", "evaluation/studies/knee/", "imaging/masks.py", "imaging/mesh_surface.py",
        "drr/reference.py", "registration/initialization/", "simulate/anatomy.py", "simulate/physics.py",
        "simulate/glare_detector.py",
        "io/pictures.py", "similarity/gradient.py", "evaluation/baselines/", "evaluation/published/gradients.py",
    },
    "cma": {"evaluation/baselines/evolution.py"},
    "matplotlib": {"evaluation/plots/"},
    "skimage": {"evaluation/trust/surfaces.py"},
    "torch": {"train/", "evaluation/published/training/", "evaluation/universal/"},
    "fsspec": {"io/remote_cases.py"},
    "sqlite3": {"io/register.py"},
    "onnx": {"train/export.py"},
    "onnxruntime": {"inference/onnx_runtime.py"},
    "pynvml": {"inference/gpus.py"},
    "pydicom": {
        "io/dicom_bounds.py", "io/dicom_files.py", "io/dicom_pixels.py", "io/dicom_planes.py",
        "io/pose_export/dicom_registration.py", "io/stored_pixels.py", "io/xray_pixels.py",
    },
    "anywidget": {"notebook.py"},
    "av": {"io/video.py"},
    "fastcrc": {"igtlink/checksum.py"},
    "h5py": {"io/recordings.py"},
    "nibabel": {"io/nifti.py"},
    "nrrd": {"io/nrrd.py"},
    "trimesh": {"io/meshes.py"},
    "PIL": {"io/frames.py", "io/object_picture.py", "io/overlays.py", "io/pictures.py", "io/tiff_pages.py"},
    "pydantic": {"transports/http/", "fleet/door/"},
    "pydantic_settings": {"cli/settings.py"},
    "fastapi": {"transports/http/", "fleet/door/"},
    "starlette": {"transports/http/"},
    "prometheus_client": {"telemetry/"},
    "opentelemetry": {"telemetry/traces.py"},
    "httpx": {
        "client/", "fleet/door/", "fleet/engine/", "fleet/worker_process.py", "evaluation/server_process.py",
        "evaluation/load_point.py", "evaluation/upload_times.py",
    },
    "websockets": {"client/ws_link.py"},
    "grpc": {"transports/grpc/", "client/grpc_channel.py", "fleet/door/rpc.py"},
    "ray": {"fleet/engine/"},
    "grpc_health": {"transports/grpc/"},
    "grpc_reflection": {"transports/grpc/"},
    "google": {"transports/grpc/", "client/grpc_channel.py"},
    "uvloop": {"transports/server.py"},
    "uvicorn": {"transports/server.py", "transports/http_protocol.py", "transports/ws_protocol.py"},
    "h11": {"transports/http_protocol.py"},
    "traitlets": {"notebook.py"},
    "typer": {"cli/"},
    "rich": {"cli/"},
}  # fmt: skip


def modules():
    return sorted(ROOT.rglob("*.py"))


@cache
def imports(path):
    """Return (module, at import time) of every import."""
    tree, found = ast.parse(path.read_text()), []
    top = {id(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for node in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) not in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports must be absolute"
            found.append((node.module or "", id(node) not in top))
    return found


def room(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path):
    here = LAYERS[room(path)]
    for module, _ in imports(path):
        parts = module.split(".")
        if parts[0] != "fluoropose" or len(parts) == 1:
            continue
        assert parts[1] == room(path) or LAYERS[parts[1]] < here, f"{path.name} imports {module}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_each_library_has_its_home(path):
    name = path.relative_to(ROOT).as_posix()
    for module, _ in imports(path):
        homes = HOMES.get(module.split(".")[0])
        if homes is not None:
            assert name in homes or any(home.endswith("/") and name.startswith(home) for home in homes), module


def test_the_service_never_imports_training():
    for path in modules():
        if room(path) in ("train", "cli", "evaluation"):
            continue
        assert not any(module.startswith("fluoropose.train") for module, _ in imports(path)), path
    for path in (ROOT / "cli").rglob("*.py"):
        assert not any(module.startswith("fluoropose.train") and early for module, early in imports(path)), path


def test_telemetry_is_off_before_onnxruntime_is_imported():
    lines = (ROOT / "inference" / "onnx_runtime.py").read_text().splitlines()
    off = next(n for n, line in enumerate(lines) if "ORT_DISABLE_TELEMETRY" in line)
    assert off < next(n for n, line in enumerate(lines) if line.startswith("import onnxruntime"))


def test_every_all_is_sorted_and_true():
    import importlib

    for path in modules():
        name = ".".join(("fluoropose", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        if name.endswith("__main__"):
            continue
        module = importlib.import_module(name)
        listed = getattr(module, "__all__", [])
        assert listed == sorted(listed), name
        assert all(hasattr(module, item) for item in listed), name


def test_only_settings_read_the_environment():
    for path in modules():
        text = path.read_text()
        if path.name in ("settings.py", "onnx_runtime.py", "server_process.py", "worker_process.py", "cluster.py"):
            continue
        assert "os.environ" not in text, path
