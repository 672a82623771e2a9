"""Access over gRPC: where there are keys, every call but health needs one that allows "infer"."""

from typing import Any

from fluoropose.errors import AccessError
from fluoropose.serving.api_keys import KeyRing
from fluoropose.telemetry.metrics import Metrics

__all__ = ["KeyCheck"]


class KeyCheck:
    """Checks the keys of calls and counts the refusals."""

    def __init__(self, keys: KeyRing | None, metrics: Metrics) -> None:
        """Without `keys` every call is allowed."""
        self._keys = keys
        self.metrics = metrics

    def owner_of(self, context: Any) -> str:
        """Return the id of the key that a call came with, empty where there are no keys; or raise AccessError."""
        if self._keys is None:
            return ""
        try:
            return self._keys.check(_token(context), "infer")
        except AccessError as error:
            self.metrics.auth_failures.labels(error.reason).inc()
            raise


def _token(context: Any) -> str:
    metadata = {key.lower(): value for key, value in context.invocation_metadata() or ()}
    kind, _, token = str(metadata.get("authorization", "")).partition(" ")
    return token if kind.lower() == "bearer" else str(metadata.get("x-api-key", ""))
