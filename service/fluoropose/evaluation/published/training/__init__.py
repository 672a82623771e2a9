"""Training of PEHL as published (torch)."""
