"""Trials of a research cluster: each is a command of this program that runs in a process of its own, on any machine."""

import json
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError

__all__ = ["BatchTrial", "TrialFaultError", "TrialOutcome", "read_trials", "run_trial"]

COMMANDS = ("track", "evaluate")
"""What may be run: commands that read files and write files."""

_OUTCOMES = {0: "done", 2: "bad input", 3: "not found"}
"""What the exit codes of a command say; others are faults, after which another attempt may succeed."""


class TrialFaultError(Exception):
    """A trial ended as none should: killed, out of memory, or by a fault of the program."""


@dataclass(frozen=True, slots=True)
class BatchTrial:
    """A line of a file of trials: its number, and the words after `fluoropose`."""

    line: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """How a trial ended, how long it took, and what it printed as JSON, or the end of what it complained about."""

    trial: BatchTrial
    outcome: str
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)
    complaint: str = ""


def read_trials(path: Path) -> list[BatchTrial]:
    """Return the trials of a file, one command a line; empty lines and those that begin with # are left out.

    Raises
    ------
    InputError
        If the file cannot be read, holds no trial, or a line is not a command that may be run.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"expected a file of trials at {path}, got: {error}") from error
    trials = []
    for number, line in enumerate(lines, 1):
        try:
            words = tuple(shlex.split(line, comments=True))
        except ValueError as error:
            raise InputError(f"expected a command in line {number} of {path.name}, got: {error}") from error
        words = words[1:] if words[:1] == ("fluoropose",) else words
        if words and words[0] not in COMMANDS:
            raise InputError(f"expected {' or '.join(COMMANDS)} in line {number} of {path.name}, got {words[0]!r}")
        if words:
            trials.append(BatchTrial(number, words))
    if not trials:
        raise InputError(f"expected trials in {path.name}, one command a line, got none")
    return trials


def run_trial(trial: BatchTrial, folder: Path) -> TrialOutcome:
    """Run a trial in a folder, which its relative paths are of; raise TrialFaultError for an end that is none."""
    began_s = time.monotonic()
    command = [sys.executable, "-m", "fluoropose", *trial.words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began_s
    complaint = " ".join(done.stderr.split())[-300:]
    if done.returncode not in _OUTCOMES:
        raise TrialFaultError(f"line {trial.line} ended with code {done.returncode}: {complaint}")
    return TrialOutcome(trial, _OUTCOMES[done.returncode], seconds, _last_json(done.stdout), complaint)


def _last_json(text: str) -> dict[str, Any]:
    """Return the JSON at the end of what a command printed, nothing where there is none."""
    lines = text.splitlines()
    begins = [number for number, line in enumerate(lines) if line == "{"]
    try:
        found = json.loads("\n".join(lines[begins[-1] :])) if begins else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
