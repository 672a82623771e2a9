"""The methods that a user would pick instead: intensity-based, feature-based and linear registration."""
