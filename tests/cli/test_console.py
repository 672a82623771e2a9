"""Errors become one line; bars take counts and a word."""

import io

import pytest
import typer
from rich.console import Console

from fluoropose.cli.console import plain_errors, progress_bar
from fluoropose.errors import InputError


def test_our_errors_are_one_line_and_exit_code_2(capsys):
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise InputError("expected [this], got that")
    assert caught.value.exit_code == 2
    assert "error: expected [this], got that" in " ".join(capsys.readouterr().err.split())


def test_an_interrupt_ends_with_130(capsys):
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_an_interrupt_says_what_the_command_wants_said(capsys):
    words = "interrupted: the checkpoint in [folder] is kept; " + "the same command goes on from it " * 3
    with pytest.raises(typer.Exit), plain_errors(lambda: words):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == words + "\n"


def test_a_bar_takes_counts_and_a_word():
    times = iter([0.0, 4.0])
    terminal = Console(file=io.StringIO(), force_terminal=True, width=160)
    with progress_bar("work", terminal, lambda: next(times)) as report:
        report(1, 4)
        report(2, 4, "word")
    drawn = terminal.file.getvalue()
    assert "2/4" in drawn
    assert "word, about 8 s left in this step" in drawn


def test_without_a_terminal_progress_is_lines():
    times = iter([0.0, 1.0, 2.0, 13.0])
    redirected = Console(file=io.StringIO(), width=40)
    with progress_bar("step 2 of 5: training", redirected, lambda: next(times)) as report:
        for done in (1, 2, 3):
            report(done, 10, "loss [0.5] % of size")
    assert redirected.file.getvalue() == (
        "step 2 of 5: training: 1 of 10, loss [0.5] % of size\n"
        "step 2 of 5: training: 3 of 10, loss [0.5] % of size, about 42 s left in this step\n"
    )
