"""Rotations, rigid transforms, cameras, the paper's six parameters and the canonical view."""
