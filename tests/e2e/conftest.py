import pytest

from fluoropose.evaluation.server_process import server_process


@pytest.fixture(scope="module")
def server(cases_root, models_root):
    """A real server process on loopback."""
    with server_process(cases_root, models_root, 1, "cpu") as running:
        yield running
