"""What a front door sees of the fleet. Who makes it up is left open: Ray, or a test."""

from typing import Any, Protocol

from fluoropose.errors import NotReadyError, UnknownSessionError
from fluoropose.fleet.roster import Roster
from fluoropose.fleet.session_names import worker_of
from fluoropose.fleet.worker_facts import WorkerFacts

__all__ = ["FleetView", "find_worker", "require_writer"]


class FleetView(Protocol):
    """The workers and the writer of cases, as far as this front door knows."""

    roster: Roster

    def workers(self) -> list[WorkerFacts]:
        """Return the workers that can be counted on."""

    def everybody(self) -> list[WorkerFacts]:
        """Return all workers that were heard of, those that say nothing now included."""

    def writer(self) -> str:
        """Return the address of the writer of cases, empty while there is none."""

    async def forget(self, case: str) -> None:
        """Have every worker end the sessions of a case and free it."""

    async def drain(self, name: str) -> dict[str, list[str]]:
        """Have a worker, or all of a node, give up its sessions and end, and start none on the node.

        Returns the workers that are `draining` and the addresses of nodes that are `avoided`.
        """

    async def undrain(self, name: str) -> list[str]:
        """Let workers start on a node again; return its address if it was avoided."""

    def status(self) -> dict[str, Any]:
        """Return what is known of the fleet as a whole."""


def find_worker(view: FleetView, session: str) -> WorkerFacts:
    """Return the worker of a session.

    Raises
    ------
    UnknownSessionError
        If the fleet has no such worker: the session ended with it.
    """
    name = worker_of(session)
    for one in view.everybody():
        if one.worker == name:
            return one
    raise UnknownSessionError(f"expected the session of a worker that there is, got one of {name}, which has gone")


def require_writer(address: str) -> str:
    """Return the writer's address, or raise NotReadyError if there is none now."""
    if not address:
        raise NotReadyError("expected the writer of cases to run, got none now: Ray starts it again")
    return address
