"""`igtlink` as a user types it: what is refused before and at the start."""

import pytest

from support.commands import refused, run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "OpenIGTLink has no keys and no encryption"),
        (("--target", "moon"), "--target camera or world"),
        (("--transport", "http"), "--transport ws or grpc"),
        (("--address", "http://127.0.0.1:9"), "expected a connection, got"),
    ],
)
def test_what_cannot_be_is_refused_in_words(files, words, said):
    refused(run("igtlink", "--case", "small", "--camera", files / "camera.json", "--port", 0, *words), said)


def test_a_missing_camera_is_refused(tmp_path):
    refused(run("igtlink", "--case", "small", "--camera", tmp_path / "none.json"), "expected a camera in")
