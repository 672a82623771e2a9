"""A quantile of what a histogram counted lately: a histogram itself counts from the start of the process."""

from collections import deque

from prometheus_client import Histogram

__all__ = ["RecentQuantile"]


class RecentQuantile:
    """Of the values since one of the last `readings` readings; labels are taken together."""

    def __init__(self, histogram: Histogram, readings: int = 10) -> None:
        """Count from now."""
        self._histogram = histogram
        self._before = deque([self._counts()], maxlen=readings)

    def read(self, quantile: float) -> float:
        """Return the upper edge of the bucket with the quantile, infinite in the last one; 0 without values."""
        now, before = self._counts(), self._before[0]
        self._before.append(now)
        new = {edge: count - before.get(edge, 0.0) for edge, count in now.items()}
        total = max(new.values(), default=0.0)
        if total <= 0:
            return 0.0
        return min(edge for edge, count in new.items() if count >= quantile * total)

    def _counts(self) -> dict[float, float]:
        """Return how many values there were up to each edge."""
        counts: dict[float, float] = {}
        for family in self._histogram.collect():
            for sample in family.samples:
                if sample.name.endswith("_bucket"):
                    edge = float(sample.labels["le"])
                    counts[edge] = counts.get(edge, 0.0) + sample.value
        return counts
