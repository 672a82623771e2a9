"""A fleet as KubeRay starts it: the application that a RayService's `serveConfigV2` names, the plan in its args."""

from typing import Any

from fluoropose.fleet.engine.door import door_application
from fluoropose.fleet.engine.keeper import keeper_actor
from fluoropose.fleet.plan import plan_from_values

__all__ = ["application"]


def application(args: dict[str, Any]) -> Any:
    """Start the keeper of a fleet and return its front door; raise InputError for args that are no plan's."""
    plan = plan_from_values(args)
    keeper_actor(plan)
    return door_application(plan)
