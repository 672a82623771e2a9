"""gRPC. `fluoropose.proto` is the source of the messages."""
