"""Between sessions and transports: frames to the device in turn, answers back to whoever waits for them."""
