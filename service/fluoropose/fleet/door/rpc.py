"""A front door's gRPC calls: sessions are placed as over HTTP; what carries frames is told where to go."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc

from fluoropose.errors import ConflictError, FluoroposeError, UnknownSessionError
from fluoropose.fleet.door.placing import Placer, WorkerGoneError, WorkerRefusedError
from fluoropose.fleet.door.view import FleetView, find_worker
from fluoropose.fleet.worker_facts import WorkerFacts
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationStub

__all__ = ["DoorCalls", "ElsewhereError", "RefusedCallError"]

_ANSWER_S = 60.0
_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED)
_NO_PLACE = ("overloaded: ", "not-ready: ")


class ElsewhereError(ConflictError):
    """A call that carries frames came to the front door."""

    code = "elsewhere"


class RefusedCallError(FluoroposeError):
    """A worker refused a call; `status` and the text are its own."""

    def __init__(self, status: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.status = status


class DoorCalls:
    """Carries calls to the workers of a view."""

    def __init__(self, view: FleetView, placer: Placer, authority: Path | None = None) -> None:
        """Connect to each worker when it is first needed; with `authority` (PEM) by TLS."""
        self._view, self._placer = view, placer
        self._credentials = None if authority is None else grpc.ssl_channel_credentials(authority.read_bytes())
        self._channels: dict[str, Any] = {}

    async def open_session(
        self, request: pb.OpenSessionRequest, metadata: Sequence[tuple[str, str]]
    ) -> pb.OpenSessionResponse:
        """Open a session on a worker and say where that is; raise NoWorkerError or RefusedCallError."""
        settings = request.settings
        cases = frozenset(name for name in (settings.case, *(one.case for one in settings.cases)) if name)

        async def ask(worker: WorkerFacts) -> Any:
            try:
                return await self._stub(worker).OpenSession(request, metadata=metadata, timeout=_ANSWER_S)
            except grpc.aio.AioRpcError as error:
                details = error.details() or ""
                if details.startswith(_NO_PLACE):
                    raise WorkerRefusedError(details) from error
                if error.code() in _GONE:
                    raise WorkerGoneError(details) from error
                raise RefusedCallError(error.code(), details) from error

        worker, answer = await self._placer.place(cases, ask)
        endpoints = pb.Endpoints(http=worker.http, grpc=worker.grpc)
        return pb.OpenSessionResponse(session=answer.session, endpoints=endpoints)

    async def close_session(
        self, request: pb.CloseSessionRequest, metadata: Sequence[tuple[str, str]]
    ) -> pb.CloseSessionResponse:
        """Close a session where it is; raise UnknownSessionError or RefusedCallError."""
        worker = find_worker(self._view, request.session)
        try:
            closed = await self._stub(worker).CloseSession(request, metadata=metadata, timeout=_ANSWER_S)
        except grpc.aio.AioRpcError as error:
            if error.code() in _GONE:
                raise UnknownSessionError(f"expected worker {worker.worker} to answer, got its end") from error
            raise RefusedCallError(error.code(), error.details() or "") from error
        self._view.roster.count_closed(worker.worker)
        return closed

    def elsewhere(self, cases: frozenset[str] = frozenset()) -> ElsewhereError:
        """Return the error for a call that carries frames, with the place of a worker; raise NoWorkerError."""
        worker = self._placer.choose(cases)
        return ElsewhereError(f"expected at {worker.grpc}, where frames go without a detour; OpenSession names a place")

    def _stub(self, worker: WorkerFacts) -> Any:
        if worker.grpc not in self._channels:
            self._channels[worker.grpc] = (
                grpc.aio.insecure_channel(worker.grpc)
                if self._credentials is None
                else grpc.aio.secure_channel(worker.grpc, self._credentials)
            )
        return RegistrationStub(self._channels[worker.grpc])
