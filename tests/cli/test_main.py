"""Every command's help shows an example and ends well; the commands are those that are written down."""

import pytest
import typer.main

import fluoropose
from fluoropose.cli.main import app
from support.commands import run

COMMANDS = (
    "prepare", "check", "train", "serve", "stream", "igtlink", "replay", "register", "track", "render", "demo", "audit",
    "geometry convert",
    "keys add", "keys remove",
    "evaluate methods", "evaluate two-views", "evaluate sweep", "evaluate objects", "evaluate trust",
    "evaluate real wrist", "evaluate real wrist-agreement", "evaluate real knee", "evaluate universal",
    "evaluate universal-weights", "evaluate published train", "evaluate published measure", "evaluate published table2",
    "bench speed", "bench load", "bench fleet", "bench igtlink", "bench turn", "bench upload",
    "fleet start", "fleet join", "fleet status", "fleet drain", "fleet batch",
)  # fmt: skip
GROUPS = ("", "geometry", "keys", "evaluate", "evaluate published", "evaluate real", "bench", "fleet")


def paths(group, before=""):
    """Give the words of every command of a group."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from paths(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_the_commands_are_these():
    assert set(paths(typer.main.get_command(app))) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_its_example(command):
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"Example: fluoropose {command} " in " ".join(result.output.split())


def test_the_version_is_printed():
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"fluoropose {fluoropose.__version__}\n")


def test_completion_can_be_installed():
    assert "--install-completion" in run("--help").output


@pytest.mark.parametrize("group", GROUPS)
def test_the_help_of_a_group_has_an_example(group):
    result = run(*group.split(), "--help")
    assert result.exit_code == 0
    assert f"Example: fluoropose {group}".strip() in " ".join(result.output.split())
