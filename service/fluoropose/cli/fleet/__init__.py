"""`fluoropose fleet`: several services as one, on Ray."""
