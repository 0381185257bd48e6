"""The doors of the members room, by chapter."""
