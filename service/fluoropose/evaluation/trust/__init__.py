"""The stress set: frames that should be answered, and frames that should be refused, and what was said of each."""
