"""Reads of members for its own HTTP, by chapter."""
