"""A bundle holds every network and golden outputs that are numbers, and fits one case only."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.errors import BundleError
from fluoropose.registration.regression.bundle import Bundle, Golden, NetworkGraphs, require_fit, weights_file

GRAPHS = NetworkGraphs(b"full", b"warp", {"coarse.weights": b"12345"})


def bundle_of(pictures=5):
    cached = np.zeros((pictures, 8, 8), np.float32)
    golden = Golden(np.zeros((4, 4), np.float32), np.eye(3), cached, np.zeros(6), np.ones(6), 0.5)
    return Bundle("hip", "0123", {"coarse": GRAPHS, "fine": GRAPHS}, golden)


def test_a_networks_bytes_are_those_of_both_graphs_and_the_weights():
    assert GRAPHS.size_bytes == 4 + 4 + 5
    assert weights_file("coarse") == "coarse.weights"


def test_a_bundle_without_a_network_is_refused():
    with pytest.raises(BundleError, match="got none for fine"):
        replace(bundle_of(), models={"coarse": GRAPHS})


def test_golden_outputs_that_are_no_numbers_are_refused():
    bundle = bundle_of()
    with pytest.raises(BundleError, match="finite, got NaN"):
        replace(bundle, golden=replace(bundle.golden, residuals=np.full(6, np.nan)))


def test_a_bundle_fits_the_case_of_its_digest_with_as_many_pictures():
    require_fit(bundle_of(), "hip", "0123", surrounded=False)
    require_fit(bundle_of(6), "hip", "0123", surrounded=True)
    with pytest.raises(BundleError, match=r"another case: expected digest 4567 \(knee\), got 0123"):
        require_fit(bundle_of(), "knee", "4567", surrounded=False)
    with pytest.raises(BundleError, match="looks at no surroundings"):
        require_fit(bundle_of(), "hip", "0123", surrounded=True)
    with pytest.raises(BundleError, match="looks at surroundings"):
        require_fit(bundle_of(6), "hip", "0123", surrounded=False)


@pytest.mark.parametrize(
    ("digest", "profile", "trained"),
    [("0123", "full", True), ("0123", "minute", True), ("0123", "instant", False), ("0123", None, False),
     ("any", "full", False)],
)  # fmt: skip
def test_networks_are_trained_on_their_case_if_their_profile_trains_them(digest, profile, trained):
    facts = {} if profile is None else {"profile": profile}
    assert replace(bundle_of(), case_digest=digest, facts=facts).trained is trained
