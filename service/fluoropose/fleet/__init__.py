"""Several services as one: sessions are placed on workers by one front door, and their frames go straight to those."""
