"""Commands as a user types them, in this process."""

import gc

from typer.testing import CliRunner

from fluoropose.cli.main import app

__all__ = ["refused", "run"]


def run(*words):
    """Run a command. What earlier tests left is collected before, so that nobody's complaint is in its output."""
    gc.collect()
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(result, words):
    """Check that a command ended with one line that says what was expected."""
    assert result.exit_code == 2, result.output
    text = " ".join(result.output.split())
    assert words in text, text
    assert "Traceback" not in text, text
