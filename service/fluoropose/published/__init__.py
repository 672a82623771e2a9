"""PEHL as published: zones, local residuals around chosen points, three groups, a small network for each."""
