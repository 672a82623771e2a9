"""The methods a user would pick instead: intensity-based, feature-based and linear registration of one view."""
