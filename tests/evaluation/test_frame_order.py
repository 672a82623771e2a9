"""A run that is sent again has no jump."""

from fluoropose.evaluation.frame_order import alternate_directions


def test_passes_go_forward_and_backward_in_turn():
    assert alternate_directions(3, 1) == [0, 1, 2]
    assert alternate_directions(3, 4) == [0, 1, 2, 1, 0, 1, 2, 1, 0]
    assert alternate_directions(1, 3) == [0, 0, 0]
