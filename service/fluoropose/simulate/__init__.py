"""Frames from outside the method."""
