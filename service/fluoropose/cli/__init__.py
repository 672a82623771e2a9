"""The command line: composition and nothing else."""
