"""What `track` opens and draws: cases with their networks, the log of a trial, plot and video."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from fluoropose.cli.environment import find_case
from fluoropose.cli.parsing import parse_meaning
from fluoropose.cli.settings import Settings
from fluoropose.cli.track_log import Row, TrackLog
from fluoropose.cli.track_outputs import TrackOutputs
from fluoropose.cli.track_pictures import overlay_pictures
from fluoropose.cli.track_trial import Trial
from fluoropose.errors import InputError
from fluoropose.evaluation.frame_registration import Reading
from fluoropose.evaluation.plots.track import six_parameter_plot
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import find_bundle_folder, load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.pose_export.pose_record import PoseRun
from fluoropose.io.poses import read_pose, read_world_pose
from fluoropose.io.video import write_video
from fluoropose.tracking.trial import TrialObject

__all__ = ["draw", "open_log", "open_objects", "open_reading"]


def open_reading(meaning: str, inverted: bool) -> Reading:
    """Return how pixels are read, or raise InputError."""
    return Reading(parse_meaning(meaning), inverted)


def open_objects(cases: Sequence[str], starts: Sequence[Path], placed: bool, threads: int) -> list[TrialObject]:
    """Open each case with its networks; starts are world_from_volume where the cameras are `placed`.

    Raises
    ------
    InputError, UnknownCaseError, BundleError
        If there is not one start per case or none, two cases are the same, or a case or its networks cannot be opened.
    """
    if starts and len(starts) != len(cases):
        raise InputError(f"expected an --initial-pose for each of {len(cases)} cases, or none, got {len(starts)}")
    settings = Settings()
    device = open_device("cpu", threads or settings.threads)
    read = read_world_pose if placed else read_pose
    objects = []
    for number, name in enumerate(cases):
        case = load_case(find_case(name))
        resident = load_resident_case(case, load_bundle(find_bundle_folder(settings.models_root(), case)), device)
        objects.append(TrialObject.begin(resident, read(starts[number]) if starts else None))
    names = [one.resident.case.name for one in objects]
    if len(set(names)) < len(names):
        raise InputError(f"expected cases of different names, got {', '.join(names)}")
    return objects


def open_log(first: Path | None, trial: Trial, objects: Sequence[TrialObject]) -> TrackLog:
    """Return the log beside the first file, with what an interrupted command has left there."""
    if first is None:
        raise AssertionError("expected a file to write, got none")
    cases = [[one.resident.case.name, one.resident.case.digest, str(one.tracker.initial_pose)] for one in objects]
    first.parent.mkdir(parents=True, exist_ok=True)
    log = TrackLog(first.with_name(first.name + ".partial"), [cases, trial.identity()])
    if log.resumed:
        typer.echo(f"going on after {log.resumed} of {len(trial)} frames", err=True)
    return log


def draw(
    outputs: TrackOutputs,
    trial: Trial,
    objects: Sequence[TrialObject],
    rows: Sequence[Row],
    runs: Mapping[str, Mapping[str, PoseRun]],
) -> list[Path]:
    """Draw the plot and the video that were asked for; return their files."""
    written = []
    if outputs.plot is not None:
        frames = {one.resident.case.name: one.resident.case.pose_frame for one in objects}
        six_parameter_plot(outputs.plot, {case: by_target["camera"] for case, by_target in runs.items()}, frames)
        written.append(outputs.plot)
    if outputs.video is not None:
        write_video(outputs.video, overlay_pictures(trial, objects, rows), trial.fps)
        written.append(outputs.video)
    return written
