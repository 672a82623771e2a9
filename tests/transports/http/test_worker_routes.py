"""What a worker answers to who started it, and to nobody else."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from fluoropose.transports.http.errors import install_problem_handlers
from fluoropose.transports.http.worker_routes import TOKEN_HEADER, worker_routes

OWN = {TOKEN_HEADER: "secret"}


class Told:
    def __init__(self):
        self.forgotten = []

    def facts(self):
        return {"worker": "w1"}

    async def forget(self, case):
        self.forgotten.append(case)


@pytest.fixture
def told():
    return Told()


def client(told, refresh):
    app = FastAPI()
    app.include_router(worker_routes(told, refresh, "secret"))
    install_problem_handlers(app)
    return TestClient(app)


def test_who_brings_the_token_gets_facts_and_lets_a_case_be_forgotten(told):
    worker = client(told, told)
    assert worker.get("/v1/worker", headers=OWN).json() == {"worker": "w1"}
    assert worker.delete("/v1/worker/cases/hip", headers=OWN).status_code == 204
    assert told.forgotten == ["hip"]


@pytest.mark.parametrize("headers", [{}, {TOKEN_HEADER: "another"}, {"Authorization": "Bearer secret"}])
def test_others_are_refused(told, headers):
    worker = client(told, told)
    assert worker.get("/v1/worker", headers=headers).status_code == 403
    assert worker.delete("/v1/worker/cases/hip", headers=headers).json()["code"] == "forbidden"
    assert told.forgotten == []


def test_the_writer_forgets_nothing(told):
    assert client(told, None).delete("/v1/worker/cases/hip", headers=OWN).status_code == 409
