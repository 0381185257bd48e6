"""Growth is counted, fans move between levels."""
