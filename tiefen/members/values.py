"""Frozen values of the members room."""
