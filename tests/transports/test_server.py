"""The server's event loop."""

import sys

from fluoropose.transports import server as serving


def test_uvloop_is_used_where_it_is_and_asyncio_where_it_is_not(monkeypatch):
    if sys.platform != "win32":
        factory = serving._loop_factory()
        assert factory is not None
        loop = factory()
        assert type(loop).__module__.startswith("uvloop")
        loop.close()
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert serving._loop_factory() is None
