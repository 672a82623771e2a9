"""A stream's plan is checked before frames are made."""

import io

import pytest
from rich.console import Console

from fluoropose.cli.stream_run import StreamPlan, progress_in
from fluoropose.errors import InputError


def test_an_unknown_transport_is_refused():
    assert StreamPlan("http://a", "a:1", "grpc").transport == "grpc"
    with pytest.raises(InputError, match="expected --transport http, ws, grpc, got 'pigeon'"):
        StreamPlan("http://a", "a:1", "pigeon")


def test_progress_is_told_in_lines_where_there_is_no_terminal():
    text, now = io.StringIO(), [0.0]
    report = progress_in(Console(file=text, width=120), lambda: now[0])
    for n in range(1, 41):
        now[0] = float(n)
        report(n, 100, "0 refused")
    lines = text.getvalue().splitlines()
    assert lines[0].startswith("streaming: 1 of 100, 0 refused") and 4 <= len(lines) <= 6
    shown = io.StringIO()
    progress_in(Console(file=shown, force_terminal=True))(1, 2)
    assert shown.getvalue() == ""
