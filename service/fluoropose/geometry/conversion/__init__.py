"""Conversions between the ways in which others write down a camera."""
