"""Spans of calls and of some frames, which histograms keep as exemplars; nothing of a frame is in them."""

import http.server
import threading
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fluoropose.telemetry.metrics import Metrics
from fluoropose.telemetry.traces import FrameSampling, Traces, open_traces

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


class Session:
    name = "abcdef123456"


@pytest.fixture
def kept():
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return SimpleNamespace(traces=Traces(provider, FrameSampling(3, 0.1)), spans=exporter.get_finished_spans)


def test_without_a_provider_there_are_no_spans():
    traces = Traces()
    assert traces.record_request("GET /v1/cases", 0.1, {}) is None
    assert traces.record_frame(Session(), 9.0, {}, {}) is None
    traces.close()


def test_a_call_lasts_as_long_as_it_did_below_its_caller(kept):
    exemplar = kept.traces.record_request("GET /v1/cases", 0.25, {"http.response.status_code": 200}, PARENT)
    (span,) = kept.spans()
    assert (span.name, span.end_time - span.start_time) == ("GET /v1/cases", 250_000_000)
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert exemplar == {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": f"{span.context.span_id:016x}"}


def test_what_is_no_parent_is_passed_over(kept):
    kept.traces.record_request("GET /v1/cases", 0.25, {}, "patient Jane Doe")
    (span,) = kept.spans()
    assert span.parent is None
    assert "Jane" not in span.to_json()


def test_some_frames_and_the_slow_ones_have_a_span_below_their_sessions(kept):
    session = Session()
    ages_s = [0.01, 0.01, 0.2, 0.01, 0.01]
    made = [kept.traces.record_frame(session, age_s, {"regress": 4.5}, {}) for age_s in ages_s]
    assert [exemplar is not None for exemplar in made] == [True, False, True, True, False]
    frames = kept.spans()
    assert [span.name for span in frames] == ["frame"] * 3
    assert {span.parent.span_id for span in frames} == {frames[0].parent.span_id}
    assert frames[0].attributes["fluoropose.regress_ms"] == 4.5
    del session
    assert kept.spans()[-1].name == "session"
    assert kept.spans()[-1].context.span_id == frames[0].parent.span_id


def test_a_call_that_is_not_sampled_is_no_exemplar(kept):
    assert kept.traces.record_request("GET /v1/cases", 0.25, {}, PARENT[:-1] + "0") is None
    assert kept.spans() == ()


def test_histograms_keep_the_ids_as_exemplars(kept):
    metrics = Metrics(kept.traces)
    exemplar = metrics.traces.record_frame(Session(), 0.01, {}, {})
    metrics.frame_age.labels("ws").observe(0.01, exemplar)
    metrics.observe_stages({"queue": 2.0, "regress": 3.0}, "small", exemplar)
    text, media_type = metrics.exposition(OPEN_METRICS)
    assert media_type.startswith("application/openmetrics-text")
    assert all(text.decode().count(f'{key}="{value}"') == 3 for key, value in exemplar.items())
    plain, media_type = metrics.exposition("text/plain")
    assert media_type.startswith("text/plain")
    assert b"trace_id" not in plain


def test_spans_are_sent_to_a_collector():
    bodies = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        traces = open_traces(f"http://127.0.0.1:{server.server_port}/v1/traces", "0.0")
        traces.record_request("GET /v1/cases", 0.1, {})
        traces.close()
        server.shutdown()
        thread.join(10)
    ((path, body),) = bodies
    assert path == "/v1/traces"
    assert b"fluoropose" in body
    assert b"GET /v1/cases" in body
