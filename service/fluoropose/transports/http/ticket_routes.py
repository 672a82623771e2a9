"""The route of tickets: a page in a browser gets one with its key and opens a WebSocket with it."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from fluoropose.serving.tickets import TICKET_SECONDS, Tickets
from fluoropose.transports.http.access import owner_of

__all__ = ["TicketModel", "ticket_routes"]


class TicketModel(BaseModel):
    """A ticket: the value of `?ticket=` of one WebSocket, within so many seconds."""

    ticket: str
    expires_in_s: float


def ticket_routes(tickets: Tickets) -> APIRouter:
    """Return the route of tickets."""
    router = APIRouter(prefix="/v1", tags=["sessions"])

    @router.post("/tickets", status_code=201)
    async def issue(request: Request) -> TicketModel:
        return TicketModel(ticket=tickets.issue(owner_of(request.scope)), expires_in_s=TICKET_SECONDS)

    return router
