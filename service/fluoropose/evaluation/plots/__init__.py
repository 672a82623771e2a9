"""Plots of measurements (matplotlib)."""
