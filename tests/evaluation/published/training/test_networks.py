"""The paper's networks: their weights, and mistakes."""

import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.published.plan import PAPER_GROUPS, VARIANTS
from fluoropose.evaluation.published.training.networks import build_network, weight_count

IN_PLANE, OUT_OF_PLANE, DEPTH = PAPER_GROUPS


def test_the_network_has_the_papers_weights():
    for group in PAPER_GROUPS:
        net = build_network("local", 18, 52, group, 0)
        assert weight_count(net) == 660_500
        assert net.output.weight.numel() == 250 * len(group.parameters)


def test_unknown_networks_are_named():
    with pytest.raises(InputError, match="local, linear, global, got 'deep'"):
        build_network("deep", 2, 52, DEPTH, 0)


def test_every_variant_has_all_parameters():
    for variant in VARIANTS.values():
        assert sorted(n for group in variant.groups for n in group.parameters) == list(range(6))
