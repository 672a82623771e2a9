"""Errors as gRPC raises them."""

import grpc
from grpc.aio import AioRpcError, Metadata


def call_error(details, status=grpc.StatusCode.FAILED_PRECONDITION):
    return AioRpcError(status, Metadata(), Metadata(), details)
