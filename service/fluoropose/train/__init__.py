"""Training, in torch; never imported by the service."""
