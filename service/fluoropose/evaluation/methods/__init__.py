"""The methods that are compared: PEHL as this project has it, and the baselines."""
