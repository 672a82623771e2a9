"""Procedural objects: those that ship, and random ones."""
