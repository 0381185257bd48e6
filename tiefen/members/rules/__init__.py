"""The rules of the members room, by chapter."""
