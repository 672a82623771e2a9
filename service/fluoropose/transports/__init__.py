"""HTTP, WebSocket and gRPC over one serving core."""
