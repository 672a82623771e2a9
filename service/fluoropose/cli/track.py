"""`fluoropose track`: a recorded trial of a motion laboratory, one or two cameras, one or several objects."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors, progress_bar
from fluoropose.cli.options import Distortions, Inverted, PixelMeaning, Threads

__all__ = ["track"]


def track(
    cases: Annotated[list[str], typer.Argument(help="Prepared cases' folders, one per object; or knee, plate, probe.")],
    frames: Annotated[Path, typer.Option("--frames", help="Its frames: a folder, a multi-frame file, a video.")],
    camera: Annotated[Path, typer.Option("--camera", help="Its calibration: JSON, MayaCam, JointTrack or DICOM.")],
    second: Annotated[Path | None, typer.Option("--second", help="Frames of a second camera, same instants.")] = None,
    second_camera: Annotated[Path | None, typer.Option("--second-camera", help="Its calibration; both placed.")] = None,
    initial_pose: Annotated[
        list[Path] | None, typer.Option("--initial-pose", help="JSON, one per case in order; without, a search.")
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="A row per frame.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Every pose as JSON.")] = None,
    tfm: Annotated[Path | None, typer.Option("--tfm", help="A folder for one ITK transform per frame.")] = None,
    jts: Annotated[Path | None, typer.Option("--jts", help="JointTrack's poses, in the first camera.")] = None,
    tra: Annotated[Path | None, typer.Option("--tra", help="Autoscoper's track.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="The six parameters over time, .png.")] = None,
    video: Annotated[Path | None, typer.Option("--video", help="The frames with outlines, .mp4.")] = None,
    fps: Annotated[float | None, typer.Option("--fps", help="The file's own, else 15.")] = None,
    pixel_meaning: PixelMeaning = "intensity",
    inverted: Inverted = False,
    distortion: Distortions = None,
    threads: Threads = 0,
) -> None:
    """Follow objects through a recorded trial and write their poses; Ctrl-C and the same command again goes on.

    The poses are those in the world of the calibrations, or of the camera where it has no place. With several cases
    each file is named after its case.

    Example: fluoropose track femur --frames cam1 --camera cam1.txt --second cam2 --second-camera cam2.txt --csv p.csv
    """
    kept = {"rows": 0, "all": 0}
    say = "interrupted after {rows} of {all} frames; the same command again goes on there"
    with plain_errors(lambda: say.format(**kept)):
        from fluoropose.cli.track_objects import draw, open_log, open_objects, open_reading
        from fluoropose.cli.track_outputs import TrackOutputs, runs_of
        from fluoropose.cli.track_run import follow_trial
        from fluoropose.cli.track_trial import TrialFiles, open_trial
        from fluoropose.errors import InputError

        outputs = TrackOutputs(csv_file, json_file, jts, tra, tfm, plot, video)
        if (second is None) != (second_camera is None):
            raise InputError("expected both --second and --second-camera, or neither, got one")
        paths = (frames,) if second is None else (frames, second)
        cameras = (camera,) if second_camera is None else (camera, second_camera)
        reading = open_reading(pixel_meaning, inverted)
        trial = open_trial(TrialFiles(paths, cameras, reading, fps, tuple(distortion or ())))
        placed = not trial.cameras[0].at_origin or len(cameras) > 1
        objects = open_objects(cases, initial_pose or [], placed, threads)
        log = open_log(outputs.first, trial, objects)
        kept["all"], names = len(trial), [one.resident.case.name for one in objects]
        with progress_bar("tracking") as bar:

            def report(done: int, total: int, note: str = "") -> None:
                kept["rows"] = done
                bar(done, total, note)

            kept["rows"] = len(log.rows)
            facts = follow_trial(trial, objects, log, report)
        runs = runs_of(log.rows, names)
        written = outputs.write(runs, "world" if placed else "camera")
        written += draw(outputs, trial, objects, log.rows, runs)
        log.finish()
        console.print_json(data=facts | {"written": [str(path) for path in written]})
