"""Loads are parsed; the server of a load is started as it is asked for."""

import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation import load
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.load import LoadPlan, parse_load, serve_load


def test_loads_are_parsed():
    parsed = parse_load("ws:4:30")
    assert (parsed.transport, parsed.sessions, parsed.fps) == ("ws", 4, 30.0)
    for text in ("ws", "ws:1", "udp:1:30", "ws:0:30", "ws:1:0", "ws:x:30", "ws:1:30:2"):
        with pytest.raises(InputError, match="expected --load"):
            parse_load(text)


@pytest.mark.parametrize("wanted", [False, True])
def test_the_server_replays_cuda_graphs_where_it_is_asked_for(monkeypatch, tmp_path, wanted):
    started = []
    monkeypatch.setattr(load, "server_process", lambda *words: started.append(words[-1]))
    serve_load(LoadPlan([], 1.0, 256, 0, tmp_path, tmp_path, wanted, "", ""), Environment())
    assert ["--cuda-graphs" in words for words in started] == [wanted]


def test_a_service_that_runs_already_is_not_started(tmp_path):
    plan = LoadPlan([], 1.0, 256, 0, tmp_path, tmp_path, False, "http://there:8000", "there:8001")
    with serve_load(plan, Environment()) as server:
        assert (server.http, server.grpc, server.process) == ("http://there:8000", "there:8001", None)
