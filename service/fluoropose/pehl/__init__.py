"""Hierarchical regression over the atlas."""
