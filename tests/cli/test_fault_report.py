"""A fault that nobody expected is one line, and its traceback a file."""

import tempfile
from pathlib import Path

import pytest
import typer

from fluoropose.cli.console import plain_errors
from fluoropose.cli.fault_report import report_fault


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_fault_is_one_line_and_its_traceback_a_file(folder):
    try:
        raise KeyError("sizes")
    except KeyError as error:
        line = report_fault(error)
    assert line.startswith("error: an unexpected fault, KeyError: damaged content (KeyError: 'sizes'); please report")
    assert "Traceback" in Path(line.rsplit(" ", 1)[1]).read_text()
    assert [Path(line.rsplit(" ", 1)[1])] == list(folder.iterdir())


def test_without_a_place_for_the_file_the_line_is_said(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert report_fault(ValueError("odd")) == "error: an unexpected fault, ValueError: odd"


def test_a_command_ends_with_1_and_no_traceback(capsys, folder):
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise ZeroDivisionError("division by zero")
    assert caught.value.exit_code == 1
    said = capsys.readouterr().err
    assert said.startswith("error: an unexpected fault, ZeroDivisionError")
    assert said.count("\n") == 1


@pytest.mark.parametrize("kind", [typer.Exit, typer.Abort])
def test_what_typer_ends_commands_with_passes(kind):
    with pytest.raises(kind), plain_errors():
        raise kind
