import pytest
from prometheus_client import CollectorRegistry, Histogram

from fluoropose.telemetry.recent_quantile import RecentQuantile


@pytest.fixture
def histogram():
    return Histogram("age", "ages", ("transport",), buckets=(0.01, 0.1, 1.0), registry=CollectorRegistry())


def test_without_values_it_is_nought(histogram):
    assert RecentQuantile(histogram).read(0.99) == 0.0


def test_it_is_the_edge_of_the_bucket_that_holds_it(histogram):
    recent = RecentQuantile(histogram)
    for transport, age_s, count in (("http", 0.005, 90), ("ws", 0.05, 10)):
        for _ in range(count):
            histogram.labels(transport).observe(age_s)
    assert recent.read(0.5) == 0.01
    assert recent.read(0.99) == 0.1


def test_values_of_long_ago_are_forgotten(histogram):
    recent = RecentQuantile(histogram, readings=2)
    histogram.labels("http").observe(0.5)
    assert recent.read(0.99) == 1.0
    assert recent.read(0.99) == 1.0
    assert recent.read(0.99) == 0.0


def test_beyond_the_last_bucket_it_is_infinite(histogram):
    recent = RecentQuantile(histogram)
    histogram.labels("http").observe(5.0)
    assert recent.read(0.99) == float("inf")
