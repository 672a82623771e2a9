"""Every module has its test file: service/fluoropose/a/b.py is tested by tests/a/test_b.py."""

from pathlib import Path

import fluoropose

ROOT = Path(fluoropose.__file__).parent
TESTS = Path(__file__).parent

WITHOUT_TEST = {
    "__main__.py": "it calls the command line, which tests/cli starts as a process",
    "cli/bench/app.py": "it lists the commands of `bench`; tests/cli/test_main.py runs the help of each",
    "cli/bench/resident.py": "both commands of `bench` run it; tests/cli/bench has theirs",
    "cli/evaluate/real.py": "it lists the commands of `evaluate real`; tests/cli/test_main.py runs the help of each",
    "cli/evaluate/app.py": "it lists the commands of `evaluate`; tests/cli/test_main.py runs the help of each",
    "cli/options.py": "it holds types of options and no code",
    "cli/register_files.py": "tests/cli/test_register.py runs all of it through the command",
    "cli/track_objects.py": "tests/cli/test_track.py runs all of it through the command",
    "cli/track_pictures.py": "tests/cli/test_track.py runs all of it through the command",
    "cli/track_run.py": "tests/cli/test_track.py runs all of it through the command",
    "cli/track_trial.py": "tests/cli/test_track.py runs all of it through the command",
    "evaluation/published/bundle.py": "tests/cli/evaluate/test_published.py writes, opens and damages a bundle",
    "evaluation/published/bundle_files.py": "tests/cli/evaluate/test_published.py writes, opens and damages a bundle",
    "evaluation/published/gradients.py": "tests/evaluation/published/test_points.py: points come from nothing else",
    "evaluation/published/held_out.py": "tests/cli/evaluate/test_published.py measures with it",
    "evaluation/published/measurement.py": "tests/cli/evaluate/test_published.py measures with it",
    "evaluation/published/method.py": "tests/cli/evaluate/test_published.py registers with it",
    "evaluation/studies/knee/study.py": "it needs the real data; tests/cli/evaluate/test_knee.py runs all of it",
    "evaluation/studies/wrist/cases.py": "it needs the real data; tests/evaluation/studies/wrist/test_recording.py",
    "evaluation/studies/wrist/ceilings.py": "it needs the real data; tests/evaluation/studies/wrist/test_recording.py",
    "evaluation/studies/wrist/inputs.py": "it needs the real data; tests/evaluation/studies/wrist/test_recording.py",
    "evaluation/studies/wrist/pairs.py": "it needs the real data; tests/evaluation/studies/wrist/test_recording.py",
    "evaluation/studies/wrist/reference.py": "it needs the real data; tests/evaluation/studies/wrist/test_recording.py",
    "fleet/engine/cluster.py": "tests/fleet/engine/test_door.py and tests/cli/fleet run a cluster by it",
    "cli/fleet/app.py": "it lists the commands of `fleet`; tests/cli/test_main.py runs the help of each",
    "fleet/engine/kuberay.py": "tests/deploy/test_kuberay.py reads the manifest that names it; its parts are the door's",
    "fleet/engine/local_cluster.py": "tests/fleet/engine/test_door.py runs a real fleet by it",
    "cli/bench/fleet.py": "it takes minutes; tests/fleet/engine/test_measurement.py runs its parts",
    "fleet/engine/keeper.py": "tests/fleet/engine/test_door.py runs a real fleet",
    "fleet/engine/tasks.py": "tests/fleet/engine/test_door.py runs trials on its cluster",
    "fleet/engine/worker.py": "tests/fleet/engine/test_door.py runs a real fleet",
    "imaging/kernels.py": "it holds one lock and no code",
    "io/check_report.py": "tests/io/test_check.py reads every report",
    "io/volume_reading.py": "it holds four values and no code",
    "registration/plan.py": "it holds three values and no code",
    "transports/grpc/fluoropose_pb2_grpc.py": "generated; tests/transports/grpc/test_fluoropose_pb2.py compares it with the .proto",
}
"""Modules without a test file of their own, and why. Every `__init__.py` only lists names and is left out."""


def modules() -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if path.name != "__init__.py"}


def mirrored_path(module: str) -> Path:
    path = Path(module)
    return TESTS / path.parent / f"test_{path.name}"


def test_every_module_has_its_test_file():
    missing = {module for module in modules() if not mirrored_path(module).is_file()}
    unexpected = missing - WITHOUT_TEST.keys()
    assert not unexpected, (
        f"expected tests/<same path>/test_<name>.py of every module, got none of {sorted(unexpected)}"
    )


def test_exceptions_are_of_modules_without_a_test_file():
    stale = {module for module in WITHOUT_TEST if mirrored_path(module).is_file()}
    assert not stale, f"expected no exception for a module that has its test file, got {sorted(stale)}"


def test_exceptions_are_of_modules_that_exist():
    gone = WITHOUT_TEST.keys() - modules()
    assert not gone, f"expected exceptions of modules that exist, got {sorted(gone)}"
