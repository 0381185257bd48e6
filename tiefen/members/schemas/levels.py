"""Levels as the API shows them."""
