"""A key that is removed, replaced, expired or loses its scope ends the sessions and streams that it opened."""

import asyncio

from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.stream_registry import StreamRegistry

__all__ = ["KeyWatch", "WATCH_S"]

WATCH_S = 0.4
"""How often the keys are looked at: a stream ends within a second of its key."""


class KeyWatch:
    """Looks at the keys on the event loop."""

    def __init__(self, keys: KeyRing, streams: StreamRegistry) -> None:
        """Begin with the keys of now."""
        self._keys = keys
        self._streams = streams
        self._secrets = keys.secrets_of("infer")

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(WATCH_S)
            self.look()

    def look(self) -> None:
        """End the sessions of keys that are no longer what they were."""
        secrets = self._keys.secrets_of("infer")
        revoked = {name for name, secret in self._secrets.items() if secrets.get(name) != secret}
        self._secrets = secrets
        if revoked:
            self._streams.revoke(revoked)
