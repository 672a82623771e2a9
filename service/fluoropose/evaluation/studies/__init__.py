"""Measurements on real data sets that do not ship."""
