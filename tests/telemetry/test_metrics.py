"""Metrics: known labels start at zero, gauges are read at a scrape, and scrapes have a port of their own."""

import socket
import urllib.request

import pytest

from fluoropose.telemetry.metrics import LATENCY_BUCKETS, Metrics


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"fluoropose_{name}", labels)


def test_known_labels_start_at_zero():
    metrics = Metrics()
    assert value(metrics, "frames_received_total", transport="grpc") == 0.0
    assert value(metrics, "frames_completed_total", transport="http", status="LOST") == 0.0
    assert value(metrics, "frames_dropped_total", reason="superseded") == 0.0


def test_two_services_share_no_counts():
    first, second = Metrics(), Metrics()
    first.frames_received.labels("ws").inc()
    assert value(first, "frames_received_total", transport="ws") == 1.0
    assert value(second, "frames_received_total", transport="ws") == 0.0


def test_the_times_of_a_frame_are_added_in_seconds():
    metrics = Metrics()
    metrics.observe_stages({"regress": 5.0, "refine": 7.0, "decode": 2.0, "total": 20.0}, "knee")
    assert value(metrics, "infer_duration_seconds_sum", model="knee", stage="regress") == pytest.approx(0.005)
    assert value(metrics, "infer_duration_seconds_count", model="knee", stage="refine") == 1.0
    assert value(metrics, "decode_duration_seconds_sum", model="knee") == pytest.approx(0.002)


def test_a_gauge_reads_its_value_at_each_scrape():
    metrics, waiting = Metrics(), [3]
    metrics.read("pending_frames", lambda: waiting[0])
    metrics.read("cases_bytes", lambda: 7.0, location="memory")
    assert value(metrics, "pending_frames") == 3.0
    waiting[0] = 5
    assert value(metrics, "pending_frames") == 5.0
    assert value(metrics, "cases_bytes", location="memory") == 7.0


def test_frame_periods_are_edges_of_the_latency_buckets():
    for fps in (30.0, 15.0, 7.5):
        assert min(abs(edge - 1.0 / fps) for edge in LATENCY_BUCKETS) < 1e-4


def test_scrapes_have_a_port_of_their_own():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    metrics = Metrics()
    end = metrics.serve(port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10.0) as answer:
            assert b"fluoropose_frames_received_total" in answer.read()
        with pytest.raises(OSError):
            Metrics().serve(port)
    finally:
        end()
    assert b"fluoropose_ready" in metrics.text()
