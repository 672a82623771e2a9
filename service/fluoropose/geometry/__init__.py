"""Rotations, rigid transforms, cameras, the six parameters, the canonical view."""
