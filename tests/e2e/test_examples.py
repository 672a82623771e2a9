"""The consoles that the tutorials show run against a real server process, and their poses are sure."""

import shutil
from pathlib import Path

import pytest

from fluoropose.evaluation.server_process import server_process

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture(scope="module")
def plate_server(shipped_root, tmp_path_factory):
    """A server process with the shipped plate."""
    cases = tmp_path_factory.mktemp("shipped")
    shutil.copytree(shipped_root / "plate", cases / "plate")
    with server_process(cases, ROOT / "models", 1, "cpu") as running:
        yield running


@pytest.mark.parametrize("name", ["console", "biplane"])
def test_a_console_of_the_tutorials_tracks_the_plate(name, plate_server, capsys):
    text = (EXAMPLES / f"{name}.py").read_text()
    assert "http://127.0.0.1:8000" in text and '"127.0.0.1:8001"' in text
    text = text.replace("http://127.0.0.1:8000", plate_server.http).replace("127.0.0.1:8001", plate_server.grpc)
    exec(compile(text, name, "exec"), {"__name__": "__main__"})
    lines = capsys.readouterr().out.splitlines()
    assert sum("TRACKING" in line for line in lines) >= len(lines) - 1 >= 9


def test_the_tutorial_shows_the_client_as_it_is():
    page = (ROOT / "docs" / "tutorials" / "console.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    compile(code, "console.md", "exec")
    assert "client.track(" in code and "tracker.send(" in code
