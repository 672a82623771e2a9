"""A stream's plan is checked before frames are made."""

import pytest

from fluoropose.cli.stream_run import StreamPlan
from fluoropose.errors import InputError


def test_an_unknown_transport_is_refused():
    assert StreamPlan("http://a", "a:1", "grpc").transport == "grpc"
    with pytest.raises(InputError, match="expected --transport http, ws, grpc, got 'pigeon'"):
        StreamPlan("http://a", "a:1", "pigeon")
