"""Latencies are summed up, and what the bridge adds is the difference. The measuring: tests/cli/bench/test_igtlink.py."""

import numpy as np
import pytest

from fluoropose.igtlink.latency import summarise


def test_what_the_bridge_adds_is_a_difference():
    direct = np.linspace(10.0, 20.0, 101)
    figures = summarise({"direct": direct.tolist(), "bridge": (direct + 1.5).tolist()})
    assert figures["direct"] == {"frames": 101, "p50_ms": 15.0, "p99_ms": pytest.approx(19.9)}
    assert figures["added"] == {"p50_ms": pytest.approx(1.5), "p99_ms": pytest.approx(1.5)}
