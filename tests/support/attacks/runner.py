"""Runs one attack beside the honest stream and measures: how it was refused, the stream, the server's memory."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HONEST = Path(__file__).with_name("honest.py")


@dataclass(frozen=True)
class Attack:
    """`act(target)` attacks once and returns how it was refused, as a word; `expected` are the words that may be."""

    row: int
    name: str
    what: str
    expected: tuple
    act: object
    keyed: bool = False


@dataclass
class Report:
    row: int
    name: str
    what: str
    expected: list
    seen: list
    rounds: int
    growth_mb: float
    baseline: dict
    beside: dict

    @property
    def refused(self):
        return bool(self.seen) and set(self.seen) <= set(self.expected)

    def as_dict(self):
        return asdict(self) | {"refused": self.refused}


def resident_mb(pid):
    """The resident memory of a process and its children."""
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        try:
            fields = Path(f"/proc/{one}/statm").read_text().split()
            total += int(fields[1]) * 4096
            children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
            for task in Path(f"/proc/{one}/task").iterdir():
                children += (task / "children").read_text().split()
            todo += {int(child) for child in children}
        except (OSError, IndexError):
            continue
    return total / 2**20


class Memory:
    """The most that a process and its children grow within a block."""

    def __init__(self, pid):
        self._pid, self._begin, self.most_mb = pid, resident_mb(pid), 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *failure):
        self._over.set()
        self._thread.join()

    def _watch(self):
        while not self._over.wait(0.1):
            self.most_mb = max(self.most_mb, resident_mb(self._pid) - self._begin)


def honest_stream(target, seconds):
    """Start the honest stream; the returned function waits for its figures."""
    process = subprocess.Popen(
        [sys.executable, str(HONEST), target.http, target.open_session(), str(seconds), target.token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdin.write(target.pixels)
    process.stdin.close()
    process.stdin = None

    def finish():
        output, _ = process.communicate(timeout=seconds + 60)
        assert process.returncode == 0, "the honest stream broke"
        return json.loads(output)

    return finish


_WARM = set()


def warm_up(target):
    """Let a server do what it does once: compile for its first frames, start the processes that decode others."""
    from support.attacks import frames  # it needs `Attack`

    if target.pid not in _WARM:
        honest_stream(target, 2.0)()
        frames.ATTACKS[0].act(target)
        _WARM.add(target.pid)


def run_attack(attack, target, seconds, baseline=None):
    """Attack for some seconds beside the honest stream; return the report."""
    warm_up(target)
    baseline = honest_stream(target, seconds)() if baseline is None else baseline
    finish = honest_stream(target, seconds + 1.0)
    seen, rounds, began = set(), 0, time.monotonic()
    with Memory(target.pid) as memory:
        while rounds == 0 or time.monotonic() - began < seconds:
            result = attack.act(target)
            seen |= {result} if isinstance(result, str) else set(result)
            rounds += 1
        beside = finish()
    return Report(
        attack.row, attack.name, attack.what, list(attack.expected), sorted(seen), rounds, round(memory.most_mb, 1),
        baseline, beside,
    )  # fmt: skip
