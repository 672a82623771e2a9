"""Logs: one JSON object a line, and never what a caller sent."""

import io
import json
import logging

from fluoropose.telemetry.logs import JsonFormatter, is_told


def logged(work):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("fluoropose.test")
    logger.addHandler(handler)
    work(logger)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object_with_its_fields():
    (line,) = logged(lambda log: log.info("session", extra={"fields": {"answered": 3, "dropped": {"superseded": 1}}}))
    assert (line["level"], line["message"], line["answered"]) == ("info", "session", 3)
    assert line["dropped"] == {"superseded": 1}
    assert line["time"].endswith("+00:00")


def test_an_exception_is_its_kind_and_place_and_not_its_text():
    def work(log):
        try:
            raise ValueError("patient Jane Doe")
        except ValueError:
            log.exception("a fault\nin two lines")

    (line,) = logged(work)
    assert line["exception"] == "ValueError"
    assert line["at"].startswith("work:")
    assert "Jane" not in json.dumps(line)


def test_a_refused_handshake_is_no_error_of_the_server():
    told = [
        is_told(logging.makeLogRecord({"msg": text}))
        for text in ("ASGI callable returned without completing handshake.", "Exception in ASGI application\n")
    ]
    assert told == [False, True]
