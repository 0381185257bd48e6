"""Levels: what growth is counted, who stands where, and every move."""
