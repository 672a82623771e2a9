"""Simulated frames with true poses, made without the code of the method that they measure."""
