"""The single process stays what it is: nothing of it imports Ray."""

import subprocess
import sys


def test_ray_is_imported_by_the_fleet_alone():
    """Neither a server nor a client nor the command line's help imports it."""
    program = (
        "import sys, fluoropose.cli.main, fluoropose.transports.server, fluoropose.client, fluoropose.fleet.door.app; "
        "sys.exit(any(name.split('.')[0] == 'ray' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 0
