"""Errors become one line; bars take counts and a word."""

import pytest
import typer

from fluoropose.cli.console import plain_errors, progress_bar
from fluoropose.errors import InputError


def test_our_errors_are_one_line_and_exit_code_2(capsys):
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise InputError("expected [this], got that")
    assert caught.value.exit_code == 2
    assert "error: expected [this], got that" in " ".join(capsys.readouterr().err.split())


def test_an_interrupt_ends_with_130():
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130


def test_a_bar_takes_counts_and_a_word():
    with progress_bar("work") as report:
        report(1, 2)
        report(2, 2, "last")
