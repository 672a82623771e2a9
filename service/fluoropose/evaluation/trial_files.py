"""Evaluations on disk: a folder per run with `run.json`, and a CSV with one line per trial and settings per method.

A trial's line is appended when it ends, so a run that was cut short goes on where it was; a line cut short is dropped.
"""

import csv
import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.errors import ConflictError, InputError, StorageError
from fluoropose.evaluation.csv_files import append_row
from fluoropose.evaluation.metrics.pose_error import PoseError
from fluoropose.evaluation.metrics.summary import Trial
from fluoropose.evaluation.trials import Record, TrialKey, Truth
from fluoropose.geometry.camera import Camera
from fluoropose.io.files import read_json, write_file, write_json

__all__ = ["RunFolder", "read_offsets"]

_SIX = ("tx_mm", "ty_mm", "tz_mm", "theta_deg", "alpha_deg", "beta_deg")
_ERRORS = tuple(field.name for field in fields(PoseError))


class RunFolder:
    """One run of one case: the same frames and starts for every method."""

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        """Open a new or an interrupted run.

        Raises
        ------
        ConflictError
            If the folder holds a run with other frames or starts, or is no run's folder.
        """
        self.folder = folder
        known = folder / "run.json"
        if not known.exists():
            if folder.exists() and any(folder.iterdir()):
                raise ConflictError(f"expected an empty folder or an evaluation's in {folder}, got other files")
            write_json(known, identity)
            return
        _require_same(read_json(known, "an evaluation"), identity, folder)

    def frames(self, make: Callable[[], tuple[Camera, list[Truth]]]) -> tuple[Camera, list[Truth]]:
        """Return the run's camera and frames, made once: making them takes longer than many a method."""
        path = self.folder / "frames.npz"
        if not path.exists():
            camera, truths = make()
            arrays = {
                "pixels": np.stack([truth.pixels for truth in truths]),
                "camera_from_volume": np.stack([truth.camera_from_volume for truth in truths]),
                "intrinsic_matrix": camera.intrinsic_matrix,
            }
            write_file(path, lambda part: _save(part, arrays))
        try:
            with np.load(path) as stored:
                pixels, poses, matrix = (stored[name] for name in ("pixels", "camera_from_volume", "intrinsic_matrix"))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise StorageError(f"expected a run's frames in {path}, got: {error}; remove the file") from error
        camera = Camera(pixels.shape[1], pixels.shape[2], matrix)
        return camera, [Truth(frame, pose) for frame, pose in zip(pixels, poses, strict=True)]

    def begin(self, method: str, settings: dict[str, Any], commit: str | None) -> list[Record]:
        """Return the method's trials so far; a new one notes its settings and the commit it begins with.

        Raises
        ------
        ConflictError
            If they were run with other settings.
        InputError
            If there are trials, but not the settings they were run with.
        """
        path = self.folder / f"{method}.json"
        if self._table(method).exists():
            known = read_json(path, "a method's settings")
            _require_same(known.get("settings") if isinstance(known, dict) else None, settings, path)
        else:
            write_json(path, {"settings": settings, "begun_at_commit": commit})
        return self.records(method)

    def forget(self, method: str) -> None:
        """Remove a method's trials, to measure it again."""
        for path in (self._table(method), self.folder / f"{method}.json"):
            path.unlink(missing_ok=True)

    def records(self, method: str) -> list[Record]:
        """Return the trials of a method in order of spread and index."""
        path = self._table(method)
        if not path.exists():
            return []
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            path.write_text(whole, encoding="utf-8")
        try:
            found = [_record(method, row) for row in csv.DictReader(io.StringIO(whole))]
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(f"expected trials in {path}, got: {error}; remove the file") from error
        return sorted(found, key=lambda record: (record.key.spread, record.key.index))

    def append(self, record: Record) -> None:
        """Write one trial."""
        append_row(self._table(record.key.method), _row(record))

    def _table(self, method: str) -> Path:
        return self.folder / f"{method}.csv"


def read_offsets(path: Path) -> Float64:
    """Return starts from a JSON file: a list of offsets (x, y, z in mm, theta, alpha, beta in degrees), shape (n, 6).

    Raises
    ------
    InputError
        If there is none, or one is not six finite numbers.
    """
    values = read_json(path, "a list of starts")
    if not isinstance(values, list) or not values:
        raise InputError(
            f"expected at least one start in {path}, got {'none' if values == [] else type(values).__name__}"
        )
    for number, value in enumerate(values):
        six = isinstance(value, list) and len(value) == 6 and all(isinstance(x, int | float) for x in value)
        if not six or not all(math.isfinite(x) for x in value):
            raise InputError(f"expected six finite numbers as start {number} of {path}, got {json.dumps(value)[:60]}")
    return np.array(values, np.float64)


def _save(part: Path, arrays: dict[str, Any]) -> None:
    with part.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def _require_same(known: Any, asked: dict[str, Any], where: Path) -> None:
    asked = json.loads(json.dumps(asked))
    known = known if isinstance(known, dict) else {}
    for key in sorted(set(known) | set(asked)):
        if known.get(key) != asked.get(key):
            raise ConflictError(
                f"{where} holds another evaluation: expected {key} = {_short(known.get(key))}, "
                f"got {_short(asked.get(key))}; give another --out, or the method to --again"
            )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _row(record: Record) -> dict[str, Any]:
    trial = record.trial
    start = dict.fromkeys(_ERRORS, "")
    if trial.start is not None:
        start = {key: f"{value:.6g}" for key, value in asdict(trial.start).items()}
    return {
        "spread": repr(record.key.spread),
        "index": record.key.index,
        "frame": record.frame,
        "status": trial.status,
        "confidence": f"{trial.confidence:.4f}",
        "reason": " ".join(record.reason.split()),
        **{f"start_{key}": value for key, value in start.items()},
        **{key: f"{value:.6g}" for key, value in asdict(trial.end).items()},
        **dict(zip(_SIX, (f"{value:.4f}" for value in record.found_six), strict=True)),
        "timing_ms": json.dumps({stage: round(value, 2) for stage, value in trial.timing_ms.items()}),
    }


def _record(method: str, row: dict[str, str]) -> Record:
    start = PoseError(**{name: float(row[f"start_{name}"]) for name in _ERRORS}) if row[f"start_{_ERRORS[0]}"] else None
    end = PoseError(**{name: float(row[name]) for name in _ERRORS})
    trial = Trial(start, end, row["status"], float(row["confidence"]), json.loads(row["timing_ms"]))
    key = TrialKey(method, float(row["spread"]), int(row["index"]))
    return Record(key, int(row["frame"]), trial, np.array([float(row[name]) for name in _SIX]), row["reason"])
