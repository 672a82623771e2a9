"""Gauss-Newton after the networks: nothing in it is learnt."""
