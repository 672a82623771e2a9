"""`python -m fluoropose` is the command line."""

from fluoropose.cli.main import app

app()
