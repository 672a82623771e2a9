"""Our errors as gRPC's status codes."""

import grpc
import pytest

from fluoropose.errors import BundleError, DeviceError, FluoroposeError, FrameError, NotReadyError, UnknownCaseError
from fluoropose.serving.session_registry import OverloadedError
from fluoropose.serving.stream_registry import WriterError
from fluoropose.transports.grpc.errors import status_code, status_details


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UnknownCaseError, grpc.StatusCode.NOT_FOUND),
        (WriterError, grpc.StatusCode.ABORTED),
        (OverloadedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (FrameError, grpc.StatusCode.INVALID_ARGUMENT),
        (NotReadyError, grpc.StatusCode.UNAVAILABLE),
        (DeviceError, grpc.StatusCode.UNAVAILABLE),
        (BundleError, grpc.StatusCode.INTERNAL),
        (FluoroposeError, grpc.StatusCode.INTERNAL),
    ],
)
def test_each_error_has_its_status(kind, code):
    assert status_code(kind("expected one, got none")) is code


def test_details_begin_with_the_code():
    assert status_details(FrameError("expected one, got none")) == "invalid-frame: expected one, got none"
