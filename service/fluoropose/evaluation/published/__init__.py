"""PEHL as the paper has it: zones, local residuals around chosen points, three groups of networks."""
