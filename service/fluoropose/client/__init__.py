"""A client for consoles and scripts: one interface over HTTP, WebSocket and gRPC, with and without async.

with Client("http://127.0.0.1:8000", transport="ws") as client:
    tracker = client.track("knee", camera, initial_pose=start)
    result = tracker.send(pixels)
"""

from fluoropose.client.aio import TRANSPORTS, AsyncClient, AsyncTracker
from fluoropose.client.links import LinkLostError, ProblemError
from fluoropose.client.sync import Client, Tracker

__all__ = ["AsyncClient", "AsyncTracker", "Client", "LinkLostError", "ProblemError", "TRANSPORTS", "Tracker"]
