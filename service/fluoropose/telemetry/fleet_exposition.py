"""The metrics of several services in one text: each sample gets a label that names its worker."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

__all__ = ["join_expositions"]


class _Joined(Collector):
    def __init__(self, texts: Mapping[str, str], placed: Mapping[str, int]) -> None:
        self._texts = texts
        self._placed = placed

    def collect(self) -> Iterator[Metric]:
        workers = GaugeMetricFamily("fluoropose_fleet_workers", "Workers that answered", None)
        workers.add_metric([], sum(bool(text) for text in self._texts.values()))
        yield workers
        placed = CounterMetricFamily(
            "fluoropose_fleet_placements", "Sessions that this front door placed, by how", None, ["outcome"]
        )
        for outcome, count in self._placed.items():
            placed.add_metric([outcome], count)
        yield placed
        joined: dict[str, Metric] = {}
        for worker, text in self._texts.items():
            for family in text_string_to_metric_families(text):
                whole = joined.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    labels = {**sample.labels, "worker": worker}
                    whole.add_sample(sample.name, labels, sample.value)
        yield from joined.values()


def join_expositions(texts: Mapping[str, str], placed: Mapping[str, int]) -> bytes:
    """Return the text of all workers' metrics, by their names, with what a front door counted."""
    registry = CollectorRegistry()
    registry.register(_Joined(texts, placed))
    return generate_latest(registry)
