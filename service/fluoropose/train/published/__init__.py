"""Training of PEHL as published."""
