import sys

import pytest

from fluoropose.cli.fleet.options import part
from fluoropose.errors import InputError


def test_without_ray_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("fluoropose.fleet.engine")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'fluoropose\[fleet\]'"):
        part("cluster")
