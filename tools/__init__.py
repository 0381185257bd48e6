"""Tools of the house: import contracts, builds, checks."""
