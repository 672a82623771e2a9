"""The errors: the tree in the module's docstring is that of the classes, and every code is stable and its own."""

import re

import pytest

from fluoropose import errors

CODES = {
    "FluoroposeError": "internal",
    "InputError": "invalid-request",
    "GeometryError": "invalid-geometry",
    "VolumeError": "invalid-volume",
    "MeshError": "invalid-mesh",
    "ObjectSelectionError": "object-not-found",
    "FrameError": "invalid-frame",
    "UnknownCaseError": "unknown-case",
    "UnknownSessionError": "unknown-session",
    "ConflictError": "conflict",
    "BundleError": "invalid-model",
    "StorageError": "storage-failed",
    "DeviceError": "device-unavailable",
    "NotReadyError": "not-ready",
    "AccessError": "unauthenticated",
    "UnauthenticatedError": "unauthenticated",
    "ForbiddenError": "forbidden",
}
"""Clients read these: a change of one breaks them."""


def test_codes_are_what_clients_know():
    assert {name: getattr(errors, name).code for name in errors.__all__} == CODES


def test_the_documented_tree_is_the_tree_of_classes():
    parents = {"FluoroposeError": "Exception"}
    path = ["FluoroposeError"]
    for indent, name in re.findall(r"^((?:\|   |    )*)\+-- (\w+)", errors.__doc__, re.M):
        path[len(indent) // 4 + 1 :] = [name]
        parents[name] = path[-2]
    assert parents == {name: getattr(errors, name).__base__.__name__ for name in errors.__all__}


@pytest.mark.parametrize("kind", [errors.UnauthenticatedError, errors.ForbiddenError])
def test_a_refused_access_keeps_its_reason_for_the_metrics(kind):
    refused = kind("expected a key, got none", "missing")
    assert (str(refused), refused.reason) == ("expected a key, got none", "missing")
