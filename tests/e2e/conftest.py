import pytest

from fluoropose.serving.case_store import CaseStore
from fluoropose.serving.wiring import wire_serving
from support.browsers import PATIENT_MS
from support.running_app import running_app
from support.serving import started_service


@pytest.fixture(scope="module")
def service(cases_root, models_root):
    return started_service(cases_root, models_root, store=CaseStore.open(cases_root, read_only=True))


@pytest.fixture
def served(service):
    """A client of a server with the console's page and no session."""
    service.draining = False
    for session in service.sessions.all():
        service.sessions.close(session.name)
    with running_app(wire_serving(service), console=True) as (client, _):
        yield client


@pytest.fixture
def page(browser, served):
    """The page, whose every fault and every call elsewhere is kept as a complaint, of which there must be none."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    shown, complaints = context.new_page(), []
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    shown.on("request", lambda asked: None if str(served.base_url)[:-1] in asked.url else complaints.append(asked.url))
    shown.set_default_timeout(PATIENT_MS)
    shown.goto(str(served.base_url))
    yield shown
    context.close()
    assert complaints == []
