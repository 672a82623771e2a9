"""Every module has its test file: service/fluoropose/a/b.py is tested by tests/a/test_b.py."""

from pathlib import Path

import fluoropose

ROOT = Path(fluoropose.__file__).parent
TESTS = Path(__file__).parent

WITHOUT_TEST = {
    "__main__.py": "it calls the command line, which tests/cli starts as a process",
    "imaging/kernels.py": "it holds one lock and no code",
    "transports/grpc/fluoropose_pb2.py": "generated; tests/transports/grpc/test_app.py compares it with the .proto",
    "transports/grpc/fluoropose_pb2_grpc.py": "generated; tests/transports/grpc/test_app.py compares it with the .proto",
}
"""Modules that need no test file of their own, and why. Every `__init__.py` only lists names and is left out."""

TO_BE_WRITTEN = {
    "cli/console.py",
    "cli/evaluate.py",
    "cli/inputs.py",
    "cli/main.py",
    "cli/several_tables.py",
    "cli/single.py",
    "cli/stream.py",
    "cli/tables.py",
    "cli/views.py",
    "evaluation/baselines/claret.py",
    "evaluation/baselines/evolution.py",
    "evaluation/baselines/features.py",
    "evaluation/baselines/intensity.py",
    "evaluation/baselines/powell.py",
    "evaluation/comparison.py",
    "evaluation/demo.py",
    "evaluation/load.py",
    "evaluation/load_point.py",
    "evaluation/metrics/report.py",
    "evaluation/metrics/summary.py",
    "evaluation/metrics/sweeps.py",
    "evaluation/overlapping_objects.py",
    "evaluation/plots/methods.py",
    "evaluation/plots/several.py",
    "evaluation/provenance.py",
    "evaluation/published/bundle.py",
    "evaluation/published/bundle_files.py",
    "evaluation/published/features.py",
    "evaluation/published/gradients.py",
    "evaluation/published/measurement.py",
    "evaluation/published/method.py",
    "evaluation/published/numpy_net.py",
    "evaluation/published/picture.py",
    "evaluation/published/training/command.py",
    "evaluation/published/training/fit.py",
    "evaluation/published/training/networks.py",
    "evaluation/published/training/pairs.py",
    "evaluation/published/training/run.py",
    "evaluation/speed.py",
    "evaluation/start_errors.py",
    "evaluation/sweeps.py",
    "evaluation/trained_bundle.py",
    "evaluation/two_views.py",
    "inference/onnx_runtime.py",
    "registration/initialization/global_search.py",
    "registration/multi_object_steps.py",
    "registration/object_estimate.py",
    "registration/plan.py",
    "registration/prepared_view.py",
    "registration/projected_object.py",
    "registration/refinement/costs/edge_kernels.py",
    "registration/refinement/costs/gradient_correlation_kernels.py",
    "registration/refinement/costs/two_body_kernels.py",
    "registration/regression/bundle.py",
    "registration/regression/step.py",
    "registration/result.py",
    "serving/case_cache.py",
    "serving/instrumentation.py",
    "serving/job_execution.py",
    "serving/job_outcome.py",
    "serving/messages.py",
    "serving/scheduler.py",
    "serving/session_registry.py",
    "serving/worker.py",
    "telemetry/metrics.py",
    "train/appearance.py",
    "train/card.py",
    "train/checkpoints.py",
    "train/export.py",
    "train/fit.py",
    "train/generic.py",
    "train/loss.py",
    "train/profiles.py",
    "train/run.py",
    "train/synthesis.py",
    "transports/grpc/decode.py",
    "transports/grpc/encode.py",
    "transports/http/bodies.py",
    "transports/http/codec.py",
    "transports/http/errors.py",
    "transports/http/requests.py",
    "transports/http/schemas.py",
    "transports/http/session_routes.py",
    "transports/server.py",
}
"""Modules whose test file is still missing. An entry goes when its file is there."""


def modules() -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if path.name != "__init__.py"}


def mirrored_path(module: str) -> Path:
    path = Path(module)
    return TESTS / path.parent / f"test_{path.name}"


def test_every_module_has_its_test_file():
    missing = {module for module in modules() if not mirrored_path(module).is_file()}
    unexpected = missing - set(WITHOUT_TEST) - TO_BE_WRITTEN
    assert not unexpected, (
        f"expected tests/<same path>/test_<name>.py of every module, got none of {sorted(unexpected)}"
    )


def test_exceptions_are_of_modules_without_a_test_file():
    stale = {module for module in {*WITHOUT_TEST, *TO_BE_WRITTEN} if mirrored_path(module).is_file()}
    assert not stale, f"expected no exception for a module that has its test file, got {sorted(stale)}"


def test_exceptions_are_of_modules_that_exist():
    gone = {*WITHOUT_TEST, *TO_BE_WRITTEN} - modules()
    assert not gone, f"expected exceptions of modules that exist, got {sorted(gone)}"


def test_no_exception_is_listed_twice():
    assert not set(WITHOUT_TEST) & TO_BE_WRITTEN
