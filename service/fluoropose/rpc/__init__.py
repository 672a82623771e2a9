"""gRPC: the same sessions and frames as over HTTP and WebSocket. `fluoropose.proto` is the source of the messages."""
