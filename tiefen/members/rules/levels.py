"""Growth and levels: pure rules."""
