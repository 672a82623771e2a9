"""The front door of a fleet, asked about the fleet: who is there, and that a worker should go."""

from pathlib import Path
from typing import Any

import httpx

from fluoropose.client.links import Address, LinkLostError, parse_json

__all__ = ["ask_door"]

_ANSWER_S = 10.0


def ask_door(
    url: str, key: str | None = None, authority: Path | None = None, drain: str = "", undo: bool = False
) -> Any:
    """Return what a front door says of its fleet; with `drain` let a worker or a node's workers go, or `undo` that.

    Raises
    ------
    ProblemError, LinkLostError
        If it refuses; if it does not answer.
    """
    address = Address(url, key=key, authority=authority)
    context = address.context()
    verify = True if context is None else context
    try:
        with httpx.Client(
            base_url=url, headers=address.headers(), verify=verify, timeout=_ANSWER_S, trust_env=False
        ) as http:
            if drain:
                return parse_json(http.post("/v1/fleet/drain", json={"name": drain, "undo": undo}))
            return parse_json(http.get("/v1/fleet"))
    except httpx.TransportError as error:
        raise LinkLostError(f"expected the front door of a fleet at {url}, got: {error}") from error
