"""The tables of the members room, by chapter."""
